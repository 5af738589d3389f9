package dev.sidestep.xds;

import com.google.protobuf.MessageLite;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryRequest;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryResponse;
import dev.sidestep.xds.proto.discovery.DiscoveryRequest;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.protobuf.lite.ProtoLiteUtils;
import java.io.InputStream;

/** The two methods of {@code AggregatedDiscoveryService}, as a server and as a client see them. */
public final class AdsMethods {
    public static final String SERVICE = "envoy.service.discovery.v3.AggregatedDiscoveryService";

    /** Incremental, for a server: answers were encoded before. */
    public static final MethodDescriptor<DeltaDiscoveryRequest, Frame> SERVE_DELTA = method(
            "DeltaAggregatedResources", message(DeltaDiscoveryRequest.getDefaultInstance()), new FrameMarshaller());

    /** State of the world, for a server. */
    public static final MethodDescriptor<DiscoveryRequest, Frame> SERVE_STATE_OF_THE_WORLD =
            method("StreamAggregatedResources", message(DiscoveryRequest.getDefaultInstance()), new FrameMarshaller());

    /** Incremental, for a client. */
    public static final MethodDescriptor<DeltaDiscoveryRequest, DeltaDiscoveryResponse> CALL_DELTA = method(
            "DeltaAggregatedResources",
            message(DeltaDiscoveryRequest.getDefaultInstance()),
            message(DeltaDiscoveryResponse.getDefaultInstance()));

    private AdsMethods() {}

    // By hand: two methods are not worth a compiler plug-in, and generated ones could not write frames.
    private static <Q, A> MethodDescriptor<Q, A> method(String name, Marshaller<Q> requests, Marshaller<A> responses) {
        return MethodDescriptor.newBuilder(requests, responses)
                .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
                .setFullMethodName(MethodDescriptor.generateFullMethodName(SERVICE, name))
                .build();
    }

    private static <M extends MessageLite> Marshaller<M> message(M defaultInstance) {
        return ProtoLiteUtils.marshaller(defaultInstance);
    }

    private static final class FrameMarshaller implements Marshaller<Frame> {
        @Override
        public InputStream stream(Frame frame) {
            return new FrameStream(frame);
        }

        @Override
        public Frame parse(InputStream stream) {
            throw new UnsupportedOperationException("a client reads with CALL_DELTA");
        }
    }
}
