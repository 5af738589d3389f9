package dev.sidestep.xds;

import com.google.protobuf.MessageLite;
import dev.sidestep.xds.proto.v1.AskRequest;
import dev.sidestep.xds.proto.v1.AskResponse;
import dev.sidestep.xds.proto.v1.DrainedRequest;
import dev.sidestep.xds.proto.v1.DrainedResponse;
import dev.sidestep.xds.proto.v1.WatchRequest;
import dev.sidestep.xds.proto.v1.WatchResponse;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.protobuf.lite.ProtoLiteUtils;

/** The methods of our own services, {@code sidestep/v1/drain.proto}. */
public final class DrainMethods {
    public static final String DRAIN_SERVICE = "sidestep.v1.DrainService";
    public static final String PEER_SERVICE = "sidestep.v1.PeerService";

    /** Says when nobody calls the caller's pod any more. */
    public static final MethodDescriptor<DrainedRequest, DrainedResponse> DRAINED = method(
            MethodType.SERVER_STREAMING,
            DRAIN_SERVICE,
            "Drained",
            DrainedRequest.getDefaultInstance(),
            DrainedResponse.getDefaultInstance());

    /** Tells another replica whether the clients of this one have acknowledged that a pod leaves. */
    public static final MethodDescriptor<WatchRequest, WatchResponse> WATCH = method(
            MethodType.SERVER_STREAMING,
            PEER_SERVICE,
            "Watch",
            WatchRequest.getDefaultInstance(),
            WatchResponse.getDefaultInstance());

    /** Tells another replica something of this one. */
    public static final MethodDescriptor<AskRequest, AskResponse> ASK = method(
            MethodType.UNARY, PEER_SERVICE, "Ask", AskRequest.getDefaultInstance(), AskResponse.getDefaultInstance());

    private DrainMethods() {}

    private static <Q extends MessageLite, A extends MessageLite> MethodDescriptor<Q, A> method(
            MethodType type, String service, String name, Q request, A response) {
        return MethodDescriptor.newBuilder(ProtoLiteUtils.marshaller(request), ProtoLiteUtils.marshaller(response))
                .setType(type)
                .setFullMethodName(MethodDescriptor.generateFullMethodName(service, name))
                .build();
    }
}
