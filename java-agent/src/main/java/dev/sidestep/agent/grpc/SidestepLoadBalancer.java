package dev.sidestep.agent.grpc;

import dev.sidestep.agent.boot.GrpcTarget;
import dev.sidestep.agent.boot.GrpcTarget.Endpoint;
import io.grpc.ConnectivityState;
import io.grpc.EquivalentAddressGroup;
import io.grpc.LoadBalancer;
import io.grpc.Status;
import io.grpc.SynchronizationContext;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Balances a channel to a name of ours call by call: each pick asks the engine for the endpoint, and there is one
 * subchannel for each endpoint that was picked. What the engine passes through goes by the policy that the channel has
 * without us, to the addresses that its own resolver found; that policy is not started before it is needed.
 *
 * <p>Confined to the channel's synchronization context, except what {@link EnginePicker} calls.
 */
final class SidestepLoadBalancer extends LoadBalancer {
    private static final long SWEEP_SECONDS = 5;

    private final LoadBalancer.Factory provider;
    private final Helper helper;
    private final GrpcTarget target;
    private final Map<Endpoint, Connection> connections = new ConcurrentHashMap<>();
    private final Fallback fallback;
    private SynchronizationContext.@Nullable ScheduledHandle sweep;
    private boolean shutdown;

    SidestepLoadBalancer(LoadBalancer.Factory provider, Helper helper, GrpcTarget target) {
        this.provider = provider;
        this.helper = helper;
        this.target = target;
        this.fallback = new Fallback(helper, this::publish);
    }

    @Override
    public Status acceptResolvedAddresses(ResolvedAddresses addresses) {
        fallback.onAddresses(addresses, goesByProxy(addresses.getAddresses()));
        publish();
        return Status.OK;
    }

    /** What versions before 1.58 call. */
    @Override
    @SuppressWarnings("deprecation")
    public void handleResolvedAddresses(ResolvedAddresses addresses) {
        acceptResolvedAddresses(addresses);
    }

    /** No failure of ours: a Service's name need not be in DNS. */
    @Override
    public void handleNameResolutionError(Status error) {
        fallback.onError(error);
        publish();
    }

    /** A proxy's address is of a type of its own; the calls belong to it. */
    private static boolean goesByProxy(List<EquivalentAddressGroup> groups) {
        return groups.stream()
                .flatMap(group -> group.getAddresses().stream())
                .anyMatch(address -> !(address instanceof InetSocketAddress));
    }

    @Override
    @SuppressWarnings("deprecation") // Versions before 1.65 ask.
    public boolean canHandleEmptyAddressListFromNameResolution() {
        return true;
    }

    @Override
    public void requestConnection() {
        fallback.requestConnection();
    }

    @Override
    public void shutdown() {
        shutdown = true;
        if (sweep != null) {
            sweep.cancel();
        }
        connections.values().forEach(Connection::close);
        connections.clear();
        fallback.shutdown();
    }

    /** From any thread: {@code endpoint} was picked and has no connection yet. */
    void connect(Endpoint endpoint) {
        helper.getSynchronizationContext().execute(() -> {
            if (shutdown || connections.containsKey(endpoint)) {
                return;
            }
            Subchannel subchannel = helper.createSubchannel(CreateSubchannelArgs.newBuilder()
                    .setAddresses(new EquivalentAddressGroup(endpoint.address()))
                    .build());
            Connection connection = new Connection(endpoint, subchannel, helper);
            connections.put(endpoint, connection);
            connection.start(this::publish);
            sweepLater();
        });
    }

    private void sweepLater() {
        if (sweep == null || !sweep.isPending()) {
            sweep = helper.getSynchronizationContext()
                    .schedule(this::sweep, SWEEP_SECONDS, TimeUnit.SECONDS, helper.getScheduledExecutorService());
        }
    }

    private void sweep() {
        for (Iterator<Connection> all = connections.values().iterator(); all.hasNext(); ) {
            Connection connection = all.next();
            if (connection.endpoint().draining()) {
                all.remove();
                connection.close();
            }
        }
        if (!connections.isEmpty() && !shutdown) {
            sweepLater();
        }
    }

    /** From any thread: a call is to go by the policy that the channel has without us. */
    void startFallback() {
        helper.getSynchronizationContext().execute(() -> {
            if (!shutdown) {
                fallback.start(provider);
            }
        });
    }

    /** From any thread: a call waits for the engine's first answer. */
    void awaitAnswer() {
        target.onAnswer(() -> helper.getSynchronizationContext().execute(this::publish));
    }

    /** A new picker, so that calls that wait are picked again. */
    private void publish() {
        if (!shutdown) {
            helper.updateBalancingState(
                    state(), new EnginePicker(this, target, connections, fallback.picker(), fallback.isForced()));
        }
    }

    private ConnectivityState state() {
        Collection<Connection> all = connections.values();
        if (all.isEmpty()) {
            return fallback.state();
        }
        if (all.stream().anyMatch(connection -> connection.state() == ConnectivityState.READY)) {
            return ConnectivityState.READY;
        }
        boolean failed = all.stream().allMatch(it -> it.state() == ConnectivityState.TRANSIENT_FAILURE);
        return failed ? ConnectivityState.TRANSIENT_FAILURE : ConnectivityState.CONNECTING;
    }
}
