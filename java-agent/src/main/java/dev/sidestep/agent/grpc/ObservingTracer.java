package dev.sidestep.agent.grpc;

import dev.sidestep.agent.boot.GrpcTarget;
import io.grpc.Attributes;
import io.grpc.ClientStreamTracer;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.Status;

/** Tells how one attempt went that goes where it would go without us. Used by the transport's thread and any other. */
final class ObservingTracer extends ClientStreamTracer {
    /** Makes the tracers of one channel. */
    static final class Factory extends ClientStreamTracer.Factory {
        private final GrpcTarget target;

        Factory(GrpcTarget target) {
            this.target = target;
        }

        @Override
        public ClientStreamTracer newClientStreamTracer(StreamInfo info, Metadata headers) {
            GrpcTarget.Observed observed = target.observed();
            return observed == null ? new Unheard() : new ObservingTracer(observed);
        }
    }

    /** Nobody wants to hear of it any more. */
    static final class Unheard extends ClientStreamTracer {}

    private final GrpcTarget.Observed observed;
    private final long startedNanos = System.nanoTime();
    private volatile long respondedNanos;

    ObservingTracer(GrpcTarget.Observed observed) {
        this.observed = observed;
    }

    /** A connection has one set of attributes as long as it stands. */
    @Override
    public void streamCreated(Attributes transport, Metadata headers) {
        observed.goesOver(transport, transport.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR));
    }

    @Override
    public void inboundHeaders() {
        responded();
    }

    /** All there is of an answer without messages. */
    @Override
    public void inboundTrailers(Metadata trailers) {
        responded();
    }

    private void responded() {
        if (respondedNanos == 0) {
            respondedNanos = Math.max(1, System.nanoTime() - startedNanos);
        }
    }

    @Override
    public void streamClosed(Status status) {
        long nanos = respondedNanos;
        boolean responded = nanos != 0;
        observed.ended(status.getCode().value(), responded, responded ? nanos : System.nanoTime() - startedNanos);
    }
}
