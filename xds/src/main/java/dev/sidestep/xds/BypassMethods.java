package dev.sidestep.xds;

import dev.sidestep.xds.proto.v1.BypassAnswer;
import dev.sidestep.xds.proto.v1.BypassReport;
import io.grpc.MethodDescriptor;
import io.grpc.protobuf.lite.ProtoLiteUtils;

/** The method of {@code sidestep/v1/bypass.proto}. */
public final class BypassMethods {
    public static final String SERVICE = "sidestep.v1.BypassService";

    /** Addresses that one report may name of each kind; what is beyond is ignored. */
    public static final int MOST_ADDRESSES = 256;

    /** Tells of connections that passed a sidecar by, and asks which of them belong to Services. */
    public static final MethodDescriptor<BypassReport, BypassAnswer> REPORT = MethodDescriptor.newBuilder(
                    ProtoLiteUtils.marshaller(BypassReport.getDefaultInstance()),
                    ProtoLiteUtils.marshaller(BypassAnswer.getDefaultInstance()))
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName(MethodDescriptor.generateFullMethodName(SERVICE, "Report"))
            .build();

    private BypassMethods() {}
}
