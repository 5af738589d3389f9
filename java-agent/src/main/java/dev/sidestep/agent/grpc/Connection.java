package dev.sidestep.agent.grpc;

import dev.sidestep.agent.boot.GrpcTarget;
import io.grpc.ConnectivityState;
import io.grpc.ConnectivityStateInfo;
import io.grpc.LoadBalancer;
import io.grpc.LoadBalancer.PickResult;
import io.grpc.Status;

/**
 * One channel's connection to one endpoint, as long as the endpoint is picked. Confined to the channel's synchronization
 * context, except what a picker reads.
 */
final class Connection {
    private final GrpcTarget.Endpoint endpoint;
    private final LoadBalancer.Subchannel subchannel;
    private final PickResult result;
    private volatile ConnectivityState state = ConnectivityState.IDLE;
    private volatile Status failure = Status.OK;

    Connection(GrpcTarget.Endpoint endpoint, LoadBalancer.Subchannel subchannel) {
        this.endpoint = endpoint;
        this.subchannel = subchannel;
        this.result = PickResult.withSubchannel(subchannel, new OutcomeTracer.Factory(endpoint));
    }

    /** @param changed runs after each change of state */
    void start(Runnable changed) {
        subchannel.start(info -> {
            onState(info);
            changed.run();
        });
        subchannel.requestConnection();
    }

    private void onState(ConnectivityStateInfo info) {
        state = info.getState();
        if (state == ConnectivityState.TRANSIENT_FAILURE) {
            failure = info.getStatus();
            endpoint.connectFailed();
        } else if (state == ConnectivityState.IDLE) {
            // Idle after a GOAWAY or a loss: the next call should find it connected.
            subchannel.requestConnection();
        }
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
        subchannel.shutdown();
    }
}
