package dev.sidestep.agent.grpc;

import io.grpc.ConnectivityState;
import io.grpc.LoadBalancer;
import io.grpc.LoadBalancer.Helper;
import io.grpc.LoadBalancer.ResolvedAddresses;
import io.grpc.LoadBalancer.SubchannelPicker;
import io.grpc.Status;
import io.grpc.util.ForwardingLoadBalancerHelper;
import org.jspecify.annotations.Nullable;

/**
 * The policy that the channel has without us, started when first needed: while calls are balanced, no connection to the
 * VIP stands. Confined to the channel's synchronization context.
 */
final class Fallback {
    private final Helper helper;
    private final Runnable changed;
    private @Nullable LoadBalancer balancer;
    private @Nullable SubchannelPicker picker;
    private ConnectivityState state = ConnectivityState.CONNECTING;
    private @Nullable ResolvedAddresses addresses;
    private @Nullable Status error;
    private boolean forced;

    /** @param changed runs after each change of {@link #picker} */
    Fallback(Helper helper, Runnable changed) {
        this.helper = helper;
        this.changed = changed;
    }

    void onAddresses(ResolvedAddresses latest, boolean byProxy) {
        addresses = latest;
        error = null;
        forced = byProxy;
        feed();
    }

    void onError(Status latest) {
        error = latest;
        feed();
    }

    void start(LoadBalancer.Factory provider) {
        if (balancer == null) {
            balancer = provider.newLoadBalancer(new Forwarding());
            feed();
        }
    }

    @SuppressWarnings("deprecation") // The other way to hand addresses over is not in versions before 1.58.
    private void feed() {
        LoadBalancer started = balancer;
        if (started == null) {
            return;
        }
        Status failed = error;
        ResolvedAddresses known = addresses;
        if (failed != null) {
            started.handleNameResolutionError(failed);
        } else if (known != null && !known.getAddresses().isEmpty()) {
            started.handleResolvedAddresses(known);
        } else if (known != null) {
            started.handleNameResolutionError(Status.UNAVAILABLE.withDescription("the resolver found no addresses"));
        }
    }

    void requestConnection() {
        if (balancer != null) {
            balancer.requestConnection();
        }
    }

    void shutdown() {
        if (balancer != null) {
            balancer.shutdown();
        }
    }

    /** Null before the policy published one. */
    @Nullable
    SubchannelPicker picker() {
        return picker;
    }

    ConnectivityState state() {
        return state;
    }

    /** Whether all calls go this way, whatever the engine says. */
    boolean isForced() {
        return forced;
    }

    private final class Forwarding extends ForwardingLoadBalancerHelper {
        @Override
        protected Helper delegate() {
            return helper;
        }

        @Override
        public void updateBalancingState(ConnectivityState newState, SubchannelPicker newPicker) {
            state = newState;
            picker = newPicker;
            changed.run();
        }
    }
}
