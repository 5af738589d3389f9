package dev.sidestep.control.auth;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;

/**
 * A call that may be ended by somebody else than its handler: what the handler still says after that is dropped, where
 * gRPC would throw. Confined to the handlers' owner.
 */
final class EndedOnceCall<Q, A> extends SimpleForwardingServerCall<Q, A> {
    private boolean ended;

    EndedOnceCall(ServerCall<Q, A> call) {
        super(call);
    }

    @Override
    public boolean isReady() {
        return !ended && super.isReady();
    }

    @Override
    public void request(int messages) {
        if (!ended) {
            super.request(messages);
        }
    }

    @Override
    public void sendHeaders(Metadata headers) {
        if (!ended) {
            super.sendHeaders(headers);
        }
    }

    @Override
    public void sendMessage(A message) {
        if (!ended) {
            super.sendMessage(message);
        }
    }

    @Override
    public void close(Status status, Metadata trailers) {
        // A call that the client has cancelled may not be closed, but ends all the same.
        if (!ended && !isCancelled()) {
            super.close(status, trailers);
        }
        ended = true;
    }
}
