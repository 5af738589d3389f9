package dev.sidestep.control.index;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.control.index.Item.NodeItem;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Every Service with its slices, merged into clusters. A change costs in proportion to the Service that it is about.
 *
 * <p>The first change of a Service is published at once; those within {@code mergeWindow} after it are merged into one. One
 * that takes an endpoint away waits a fifth of that at most: its pod is about to end, and is kept waiting.
 * Confined to {@code owner}.
 */
public final class ClusterIndex {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterIndex.class);

    /** How long a doubtful removal waits at most: real ones are not to be called for longer. */
    private static final Duration HOLD = Duration.ofSeconds(2);

    /**
     * A cluster as published.
     *
     * @param changedNanos by the owner's clock, when the first change that made it this was heard
     */
    public record Published(Cluster cluster, long changedNanos) {}

    private final SerialExecutor owner;
    private final Policies policies;
    private final Duration mergeWindow;
    private final Duration urgentWindow;
    private final Map<ObjectKey, ServiceState> loaded = new LinkedHashMap<>();
    private final Map<ObjectKey, ServiceState> held = new LinkedHashMap<>();
    private IndexListener listener = touched -> {};
    private Optional<Runnable> recheck = Optional.empty();
    private boolean loading = true;

    private final Map<ObjectKey, ServiceState> services = new HashMap<>();
    private final Map<ObjectKey, String> serviceOfSlice = new HashMap<>();
    private final PublishedClusters clusters = new PublishedClusters();
    private final Map<String, String> zoneOfNode = new HashMap<>();
    private final Map<String, NodeItem> nodes = new HashMap<>();

    public ClusterIndex(SerialExecutor owner, Problems problems, Duration mergeWindow) {
        this.owner = owner;
        this.policies = new Policies(problems);
        this.mergeWindow = mergeWindow;
        this.urgentWindow = mergeWindow.dividedBy(5);
    }

    /** Tells {@code next} of every change from now on. */
    public void listen(IndexListener next) {
        listener = next;
    }

    /**
     * Lets a removal that looks like a fault of the source wait, 2 s at most, until {@link #removalsConfirmed}.
     *
     * @param recheckSource asks the source for a fresh list; called as a task of the owner
     */
    public void confirmRemovals(Runnable recheckSource) {
        recheck = Optional.of(recheckSource);
    }

    /** A fresh list is in: what is still gone is gone. */
    public void removalsConfirmed() {
        owner.checkCurrent();
        Map.copyOf(held).forEach(this::release);
        tell();
    }

    /** Takes over {@code changes}, which nobody sees in part. */
    public void apply(List<Change> changes) {
        owner.checkCurrent();
        var touched = new LinkedHashMap<ObjectKey, ServiceState>();
        for (Change change : changes) {
            switch (change.key().kind()) {
                case SERVICE -> {
                    ServiceState state = state(change.key());
                    state.service = (ServiceItem) change.item().orElse(null);
                    touched.put(change.key(), state);
                }
                case ENDPOINT_SLICE, ENDPOINTS ->
                    applySlice(change.key(), (SliceItem) change.item().orElse(null), touched);
                case NAMESPACE -> applyNamespace(change, touched);
                case NODE -> applyNode(change);
                case POD -> {}
            }
        }
        if (loading) {
            loaded.putAll(touched);
            return;
        }
        touched.forEach(this::rebuildSoon);
        tell();
    }

    /**
     * The source has told all there is. Until then nothing is published: a Service whose slices are not in yet would look
     * like one without endpoints.
     */
    public void synced() {
        owner.checkCurrent();
        loading = false;
        long now = owner.nanoTime();
        loaded.forEach((key, state) -> {
            state.pendingSinceNanos = now;
            rebuild(key, state, true);
        });
        loaded.clear();
        tell();
    }

    /** The cluster of {@code name}, a {@link ClusterName#value} or an {@code address:port}. */
    public Optional<Published> lookup(String name) {
        owner.checkCurrent();
        return clusters.lookup(name);
    }

    /** All clusters there are. */
    public Collection<Published> clusters() {
        owner.checkCurrent();
        return clusters.all();
    }

    /** How many Services are served. */
    public long serviceCount() {
        owner.checkCurrent();
        return services.values().stream()
                .filter(state -> !state.clusters.isEmpty())
                .count();
    }

    /** The zone that endpoints on {@code node} were said to be in, or "". */
    public String zoneOf(String node) {
        owner.checkCurrent();
        return zoneOfNode.getOrDefault(node, "");
    }

    /** Every address that some Service answers on, without ports. */
    public SortedSet<String> serviceAddresses() {
        owner.checkCurrent();
        return clusters.hosts();
    }

    private ServiceState state(ObjectKey service) {
        return services.computeIfAbsent(service, key -> new ServiceState());
    }

    private void applySlice(ObjectKey key, @Nullable SliceItem slice, Map<ObjectKey, ServiceState> touched) {
        String before = slice == null ? serviceOfSlice.remove(key) : serviceOfSlice.put(key, slice.service());
        if (before != null && (slice == null || !slice.service().equals(before))) {
            // A slice can be relabelled to another Service; its endpoints leave the first one then.
            place(serviceKey(key, before), key, null, touched);
        }
        if (slice != null) {
            place(serviceKey(key, slice.service()), key, slice, touched);
            learnZones(slice);
        }
    }

    private void place(
            ObjectKey service, ObjectKey key, @Nullable SliceItem slice, Map<ObjectKey, ServiceState> touched) {
        ServiceState state = state(service);
        if (key.kind() == ObjectKey.Kind.ENDPOINTS) {
            state.urgent |= withdraws(state.endpoints, slice);
            state.endpoints = slice;
        } else if (slice == null) {
            state.urgent |= withdraws(state.slices.remove(key.name()), null);
        } else {
            state.urgent |= withdraws(state.slices.put(key.name(), slice), slice);
        }
        touched.put(service, state);
    }

    /** Whether {@code after} has fewer endpoints that may be called: one is gone, not ready, or terminating. */
    private static boolean withdraws(@Nullable SliceItem before, @Nullable SliceItem after) {
        if (before == null) {
            return false;
        }
        Set<String> callable = after == null ? Set.of() : callable(after);
        return !callable.containsAll(callable(before));
    }

    private static Set<String> callable(SliceItem slice) {
        var addresses = new HashSet<String>();
        for (SliceItem.Subset subset : slice.subsets()) {
            for (SliceItem.Backend backend : subset.backends()) {
                if (backend.ready() && !backend.terminating()) {
                    addresses.add(backend.address());
                }
            }
        }
        return addresses;
    }

    private static ObjectKey serviceKey(ObjectKey slice, String service) {
        return new ObjectKey(ObjectKey.Kind.SERVICE, slice.namespace(), service);
    }

    private void learnZones(SliceItem slice) {
        for (SliceItem.Subset subset : slice.subsets()) {
            for (SliceItem.Backend backend : subset.backends()) {
                if (!backend.node().isEmpty()
                        && !backend.zone().isEmpty()
                        && !backend.zone().equals(zoneOfNode.put(backend.node(), backend.zone()))) {
                    clusters.touchSurroundings();
                }
            }
        }
    }

    private void applyNamespace(Change change, Map<ObjectKey, ServiceState> touched) {
        if (policies.apply(change)) {
            services.forEach((key, state) -> {
                if (key.namespace().equals(change.key().name())) {
                    touched.put(key, state);
                }
            });
        }
    }

    private void applyNode(Change change) {
        NodeItem now = (NodeItem) change.item().orElse(null);
        String name = change.key().name();
        NodeItem before = now == null ? nodes.remove(name) : nodes.put(name, now);
        List<String> addressesBefore = before == null ? List.of() : before.addresses();
        List<String> addressesNow = now == null ? List.of() : now.addresses();
        if (!addressesBefore.equals(addressesNow)) {
            clusters.replaceNode(addressesBefore, addressesNow);
        }
    }

    private void rebuildSoon(ObjectKey key, ServiceState state) {
        if (state.held) {
            rebuild(key, state, false); // It may have come back.
            return;
        }
        long now = owner.nanoTime();
        if (state.pending == null) {
            state.pendingSinceNanos = now;
        }
        long at = state.published ? state.quietUntilNanos : now;
        if (state.urgent) {
            at -= mergeWindow.minus(urgentWindow).toNanos();
        }
        if (now - at >= 0) {
            rebuild(key, state, false);
        } else if (state.pending == null || at - state.pendingUntilNanos < 0) {
            cancelPending(state);
            state.pendingUntilNanos = at;
            state.pending = owner.schedule(Duration.ofNanos(at - now), () -> {
                rebuild(key, state, false);
                tell();
            });
        }
    }

    private static void cancelPending(ServiceState state) {
        if (state.pending != null) {
            state.pending.cancel();
            state.pending = null;
        }
    }

    private void hold(ObjectKey key, ServiceState state, Runnable recheckSource) {
        if (state.held) {
            return;
        }
        state.held = true;
        held.put(key, state);
        LOG.warn(
                "{}: most endpoints vanished without terminating; asking the API server again before clients are told",
                key);
        recheckSource.run();
        owner.schedule(HOLD, () -> {
            release(key, state);
            tell();
        });
    }

    private void release(ObjectKey key, ServiceState state) {
        if (state.held) {
            rebuild(key, state, true);
        }
    }

    private void rebuild(ObjectKey key, ServiceState state, boolean confirmed) {
        cancelPending(state);
        state.urgent = false;
        List<Cluster> next = new ArrayList<>();
        if (state.service == null) {
            policies.forget(key);
        } else {
            PolicyBuilder policy = policies.of(state.service);
            next = new ClusterBuilder(state.service, policy, state.effectiveSlices()).build();
        }
        if (recheck.isPresent() && !confirmed && RemovalGuard.isDoubtful(state, next, owner.nanoTime())) {
            hold(key, state, recheck.get());
            return;
        }
        state.held = false;
        held.remove(key);
        boolean changed = clusters.replace(state, next);
        RemovalGuard.published(state, confirmed, owner.nanoTime());
        if (changed) {
            state.published = true;
            state.quietUntilNanos = owner.nanoTime() + mergeWindow.toNanos();
        }
        if (state.isEmpty()) {
            services.remove(key);
        }
    }

    private void tell() {
        clusters.takeTouched().ifPresent(listener::onTouched);
    }

    /** Endpoints of all clusters. */
    public long endpointCount() {
        owner.checkCurrent();
        return clusters.endpointCount();
    }
}
