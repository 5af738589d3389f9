package dev.sidestep.xds;

import dev.sidestep.xds.proto.loadstats.LoadStatsRequest;
import dev.sidestep.xds.proto.loadstats.LoadStatsResponse;
import io.grpc.MethodDescriptor;
import io.grpc.protobuf.lite.ProtoLiteUtils;

/** The method of {@code LoadReportingService}, for servers and clients. */
public final class LrsMethods {
    public static final String SERVICE = "envoy.service.load_stats.v3.LoadReportingService";

    /** One report after another, as often as the server says. */
    public static final MethodDescriptor<LoadStatsRequest, LoadStatsResponse> STREAM =
            MethodDescriptor.<LoadStatsRequest, LoadStatsResponse>newBuilder()
                    .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
                    .setFullMethodName(MethodDescriptor.generateFullMethodName(SERVICE, "StreamLoadStats"))
                    .setRequestMarshaller(ProtoLiteUtils.marshaller(LoadStatsRequest.getDefaultInstance()))
                    .setResponseMarshaller(ProtoLiteUtils.marshaller(LoadStatsResponse.getDefaultInstance()))
                    .build();

    private LrsMethods() {}
}
