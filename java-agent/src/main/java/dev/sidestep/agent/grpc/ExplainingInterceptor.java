package dev.sidestep.agent.grpc;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;

/** Adds to the status of a call that was lost with its connection why it was not tried again, and where it was sent. */
final class ExplainingInterceptor implements ClientInterceptor {
    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
        CallRecord call = new CallRecord();
        return new SimpleForwardingClientCall<>(next.newCall(method, options.withOption(CallRecord.KEY, call))) {
            @Override
            public void start(Listener<A> listener, Metadata headers) {
                super.start(new Explaining<>(listener, call), headers);
            }
        };
    }

    private static final class Explaining<A> extends SimpleForwardingClientCallListener<A> {
        private final CallRecord call;

        Explaining(ClientCall.Listener<A> listener, CallRecord call) {
            super(listener);
            this.call = call;
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            String explanation = status.isOk() ? "" : call.explanation();
            super.onClose(explanation.isEmpty() ? status : status.augmentDescription(explanation), trailers);
        }
    }
}
