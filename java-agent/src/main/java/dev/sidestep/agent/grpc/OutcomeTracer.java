package dev.sidestep.agent.grpc;

import dev.sidestep.agent.boot.GrpcTarget;
import io.grpc.ClientStreamTracer;
import io.grpc.Metadata;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/** Tells an endpoint how one attempt on it went. Used by the transport's thread and, at the end, any other; once each. */
final class OutcomeTracer extends ClientStreamTracer {
    /** Makes the tracers of one endpoint. */
    static final class Factory extends ClientStreamTracer.Factory {
        private final GrpcTarget.Endpoint endpoint;

        Factory(GrpcTarget.Endpoint endpoint) {
            this.endpoint = endpoint;
        }

        @Override
        public ClientStreamTracer newClientStreamTracer(StreamInfo info, Metadata headers) {
            return new OutcomeTracer(endpoint, info.getCallOptions().getOption(CallRecord.KEY));
        }
    }

    private final GrpcTarget.Endpoint endpoint;
    private final @Nullable CallRecord call;
    private final long startedNanos = System.nanoTime();
    private volatile boolean sent;
    private volatile long respondedNanos;

    OutcomeTracer(GrpcTarget.Endpoint endpoint, @Nullable CallRecord call) {
        this.endpoint = endpoint;
        this.call = call;
        endpoint.started();
    }

    @Override
    public void outboundHeaders() {
        sent = true;
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
            endpoint.responded();
        }
    }

    @Override
    public void streamClosed(Status status) {
        long nanos = respondedNanos;
        boolean responded = nanos != 0;
        if (call != null) {
            call.ended(status, sent && !responded && status.getCode() == Status.Code.UNAVAILABLE);
        }
        endpoint.ended(status.getCode().value(), responded, responded ? nanos : System.nanoTime() - startedNanos);
    }
}
