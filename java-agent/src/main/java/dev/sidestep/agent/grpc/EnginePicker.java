package dev.sidestep.agent.grpc;

import dev.sidestep.agent.boot.GrpcTarget;
import dev.sidestep.agent.boot.GrpcTarget.Choice;
import dev.sidestep.agent.boot.GrpcTarget.Endpoint;
import io.grpc.ConnectivityState;
import io.grpc.LoadBalancer.PickResult;
import io.grpc.LoadBalancer.PickSubchannelArgs;
import io.grpc.LoadBalancer.SubchannelPicker;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Picks where the engine says, among the endpoints that are connected. Any thread. */
final class EnginePicker extends SubchannelPicker {
    private static final Metadata.Key<String> PREVIOUS_ATTEMPTS =
            Metadata.Key.of("grpc-previous-rpc-attempts", Metadata.ASCII_STRING_MARSHALLER);

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
        CallRecord call = args.getCallOptions().getOption(CallRecord.KEY);
        List<Endpoint> tried = call == null ? List.of() : call.tried();
        if (call != null && !tried.isEmpty() && !onlyFallback) {
            int retry = previousAttempts(args);
            if (retry > 0 && !call.mayRetry(target, retry)) {
                return PickResult.withDrop(call.last()); // Which ends the call as its last attempt did.
            }
        }
        Choice choice = onlyFallback ? null : target.pick(tried);
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
        return amongOthers(first, tried, args);
    }

    /** Failed attempts before this one; what gRPC sends again because it never left does not count. */
    private static int previousAttempts(PickSubchannelArgs args) {
        String count = args.getHeaders().get(PREVIOUS_ATTEMPTS);
        try {
            return count == null ? 0 : Integer.parseInt(count);
        } catch (NumberFormatException of) {
            return 0;
        }
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
    private PickResult amongOthers(Endpoint first, List<Endpoint> before, PickSubchannelArgs args) {
        List<Endpoint> seen = new ArrayList<>(before);
        boolean waiting = false;
        boolean late = false;
        Status failure = Status.UNAVAILABLE;
        Endpoint next = first;
        do {
            Connection connection = connections.get(next);
            if (connection == null) {
                balancer.connect(next);
                waiting = true;
            } else if (connection.state() == ConnectivityState.READY) {
                return picked(connection, args);
            } else if (connection.state() == ConnectivityState.TRANSIENT_FAILURE) {
                failure = connection.failure();
            } else if (connection.isLate()) {
                late = true;
            } else {
                waiting = true;
            }
            seen.add(next);
            next = target.pick(seen) instanceof Endpoint other ? other : null;
        } while (next != null && !seen.contains(next));
        return waiting
                ? PickResult.withNoResult()
                : PickResult.withError(failure.augmentDescription((late ? "[CONNECT_TIMEOUT: " : "[CONNECT_FAILED: ")
                        + target.service() + ", tried " + seen + "]"));
    }

    private PickResult picked(Connection connection, PickSubchannelArgs args) {
        CallRecord call = args.getCallOptions().getOption(CallRecord.KEY);
        if (call != null) {
            call.picked(target, connection.endpoint());
        }
        return connection.result();
    }
}
