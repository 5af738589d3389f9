package dev.sidestep.agent.grpc;

import dev.sidestep.agent.boot.GrpcTarget;
import io.grpc.ConnectivityState;
import io.grpc.ConnectivityStateInfo;
import io.grpc.LoadBalancer;
import io.grpc.LoadBalancer.PickResult;
import io.grpc.Status;
import io.grpc.SynchronizationContext.ScheduledHandle;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One channel's connection to one endpoint, as long as the endpoint is picked. Confined to the channel's synchronization
 * context, except what a picker reads.
 */
final class Connection {
    private final GrpcTarget.Endpoint endpoint;
    private final LoadBalancer.Subchannel subchannel;
    private final LoadBalancer.Helper helper;
    private final PickResult result;
    private volatile ConnectivityState state = ConnectivityState.IDLE;
    private volatile Status failure = Status.OK;
    private volatile boolean late;
    private @Nullable ScheduledHandle timer;

    Connection(GrpcTarget.Endpoint endpoint, LoadBalancer.Subchannel subchannel, LoadBalancer.Helper helper) {
        this.endpoint = endpoint;
        this.subchannel = subchannel;
        this.helper = helper;
        this.result = PickResult.withSubchannel(subchannel, new OutcomeTracer.Factory(endpoint));
    }

    /** @param changed runs after each change of state */
    void start(Runnable changed) {
        subchannel.start(info -> {
            onState(info, changed);
            changed.run();
        });
        subchannel.requestConnection();
    }

    private void onState(ConnectivityStateInfo info, Runnable changed) {
        state = info.getState();
        late = false;
        stopTimer();
        if (state == ConnectivityState.CONNECTING) {
            watchTime(changed);
        } else if (state == ConnectivityState.TRANSIENT_FAILURE) {
            failure = info.getStatus();
            endpoint.connectFailed();
        } else if (state == ConnectivityState.IDLE) {
            // Idle after a GOAWAY or a loss: the next call should find it connected.
            subchannel.requestConnection();
        }
    }

    /** The transport itself gives up after twenty seconds only, and what is judged should be known sooner. */
    private void watchTime(Runnable changed) {
        timer = helper.getSynchronizationContext()
                .schedule(
                        () -> {
                            late = true;
                            endpoint.connectTimedOut();
                            watchTime(changed);
                            changed.run();
                        },
                        endpoint.connectTimeoutNanos(),
                        TimeUnit.NANOSECONDS,
                        helper.getScheduledExecutorService());
    }

    private void stopTimer() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }

    /** Whether it takes longer to connect than it may. */
    boolean isLate() {
        return late;
    }

    GrpcTarget.Endpoint endpoint() {
        return endpoint;
    }

    PickResult result() {
        return result;
    }

    ConnectivityState state() {
        return state;
    }

    /** Why the last attempt to connect failed. */
    Status failure() {
        return failure;
    }

    /** Calls under way go on. */
    void close() {
        stopTimer();
        subchannel.shutdown();
    }
}
