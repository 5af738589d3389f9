package dev.sidestep.agent.grpc;

import dev.sidestep.agent.boot.GrpcTarget;
import dev.sidestep.agent.boot.GrpcTarget.Choice;
import dev.sidestep.agent.boot.GrpcTarget.Endpoint;
import io.grpc.ConnectivityState;
import io.grpc.LoadBalancer.PickResult;
import io.grpc.LoadBalancer.PickSubchannelArgs;
import io.grpc.LoadBalancer.SubchannelPicker;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Picks where the engine says, among the endpoints that are connected. Any thread. */
final class EnginePicker extends SubchannelPicker {
    private final SidestepLoadBalancer balancer;
    private final GrpcTarget target;
    private final Map<Endpoint, Connection> connections;
    private final @Nullable SubchannelPicker fallback;
    private final boolean onlyFallback;

    EnginePicker(
            SidestepLoadBalancer balancer,
            GrpcTarget target,
            Map<Endpoint, Connection> connections,
            @Nullable SubchannelPicker fallback,
            boolean onlyFallback) {
        this.balancer = balancer;
        this.target = target;
        this.connections = connections;
        this.fallback = fallback;
        this.onlyFallback = onlyFallback;
    }

    @Override
    public PickResult pickSubchannel(PickSubchannelArgs args) {
        Choice choice = onlyFallback ? null : target.pick(List.of());
        if (choice == null) {
            return fallBack(args);
        }
        if (!(choice instanceof Endpoint first)) {
            balancer.awaitAnswer();
            return PickResult.withNoResult();
        }
        Connection ready = connections.get(first);
        if (ready != null && ready.state() == ConnectivityState.READY) {
            return picked(ready, args);
        }
        return amongOthers(first, args);
    }

    private PickResult fallBack(PickSubchannelArgs args) {
        if (fallback == null) {
            balancer.startFallback();
            return PickResult.withNoResult();
        }
        PickResult result = fallback.pickSubchannel(args);
        if (!onlyFallback
                && result.getSubchannel() != null
                && result.getStreamTracerFactory() == null
                && target.observes()) {
            return PickResult.withSubchannel(result.getSubchannel(), new ObservingTracer.Factory(target));
        }
        return result;
    }

    /** The engine's choice is not connected; another one may be, and a call should not wait for a handshake. */
    private PickResult amongOthers(Endpoint first, PickSubchannelArgs args) {
        List<Endpoint> tried = new ArrayList<>();
        boolean waiting = false;
        Status failure = Status.UNAVAILABLE;
        Endpoint next = first;
        while (next != null && !tried.contains(next)) {
            Connection connection = connections.get(next);
            if (connection == null) {
                balancer.connect(next);
                waiting = true;
            } else if (connection.state() == ConnectivityState.READY) {
                return picked(connection, args);
            } else if (connection.state() == ConnectivityState.TRANSIENT_FAILURE) {
                failure = connection.failure();
            } else {
                waiting = true;
            }
            tried.add(next);
            next = target.pick(tried) instanceof Endpoint other ? other : null;
        }
        return waiting
                ? PickResult.withNoResult()
                : PickResult.withError(
                        failure.augmentDescription("[CONNECT_FAILED: " + target.service() + ", tried " + tried + "]"));
    }

    private PickResult picked(Connection connection, PickSubchannelArgs args) {
        CallRecord call = args.getCallOptions().getOption(CallRecord.KEY);
        if (call != null) {
            call.picked(target, connection.endpoint());
        }
        return connection.result();
    }
}
