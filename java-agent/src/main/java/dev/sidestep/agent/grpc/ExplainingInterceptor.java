package dev.sidestep.agent.grpc;

import dev.sidestep.agent.boot.GrpcTarget;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Deadline;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Gives each call what the policy says of its time and of retries, and its failure why it was not tried again and where it
 * was sent.
 */
final class ExplainingInterceptor implements ClientInterceptor {
    private final @Nullable GrpcTarget target;
    private final MethodConfigs configs = new MethodConfigs();

    /** @param target null where it is not known before the channel connects: then the policy is not for its calls */
    ExplainingInterceptor(@Nullable GrpcTarget target) {
        this.target = target;
    }

    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
        CallRecord call = new CallRecord();
        CallOptions ours = withPolicy(options.withOption(CallRecord.KEY, call), call);
        return new SimpleForwardingClientCall<>(next.newCall(method, ours)) {
            @Override
            public void start(Listener<A> listener, Metadata headers) {
                super.start(new Explaining<>(listener, call), headers);
            }
        };
    }

    private CallOptions withPolicy(CallOptions options, CallRecord call) {
        if (target == null) {
            return options;
        }
        try {
            long nanos = target.timeoutNanos();
            Deadline deadline = options.getDeadline();
            CallOptions timed = options;
            if (nanos > 0 && (deadline == null || deadline.timeRemaining(TimeUnit.NANOSECONDS) > nanos)) {
                timed = options.withDeadlineAfter(nanos, TimeUnit.NANOSECONDS);
                call.timed();
            }
            return configs.apply(timed, target.retries());
        } catch (RuntimeException | LinkageError e) {
            return options; // As without Sidestep.
        }
    }

    private static final class Explaining<A> extends SimpleForwardingClientCallListener<A> {
        private final CallRecord call;

        Explaining(ClientCall.Listener<A> listener, CallRecord call) {
            super(listener);
            this.call = call;
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            String explanation = status.isOk() ? "" : call.explanation(status);
            super.onClose(explanation.isEmpty() ? status : status.augmentDescription(explanation), trailers);
        }
    }
}
