package dev.sidestep.control.drain;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.control.ads.Place;
import dev.sidestep.control.index.ClusterIndex;
import dev.sidestep.control.index.ClusterIndex.Published;
import dev.sidestep.control.index.IndexListener;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Endpoint;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Where each pod stands, and since when it does not any more. A pod leaves a cluster when its endpoint there turns
 * terminating or not ready, or vanishes; what vanished is remembered for a while, for with {@code Endpoints} objects that is
 * all there is to see of a pod that ends. Confined to the index's owner.
 */
final class Departures implements IndexListener {
    /** Longer than any drain. */
    private static final Duration REMEMBERED = Duration.ofMinutes(5);

    /**
     * A pod that left a cluster.
     *
     * @param place the cluster as it was last with the pod, and when the pod left
     */
    private record Left(PodName pod, Place place, long vanishedNanos) {}

    /**
     * How a pod stands.
     *
     * @param leaving whether no cluster has it as ready
     * @param places the clusters that have it or had it of late, and when it left them; empty if no Service selects it
     */
    record Standing(boolean leaving, List<Place> places) {
        /** Whether there is nothing to leave: no Service selects it, or did of late. */
        boolean isNowhere() {
            return leaving && places.isEmpty();
        }
    }

    private final SerialExecutor owner;
    private final ClusterIndex index;
    private final LongSupplier generation;
    private final Map<String, Map<ClusterName, Cluster>> byNamespace = new HashMap<>();

    /** By pod and cluster; also of pods that are still listed, as not ready. */
    private final Map<PodName, Map<ClusterName, Place>> left = new HashMap<>();

    /** Those that are listed no more, the oldest first. */
    private final Deque<Left> vanished = new ArrayDeque<>();

    private final Map<PodName, Set<Runnable>> listeners = new LinkedHashMap<>();
    private boolean synced;

    /** @param generation the {@link Place#generation} of what clients are told now */
    Departures(SerialExecutor owner, ClusterIndex index, LongSupplier generation) {
        this.owner = owner;
        this.index = index;
        this.generation = generation;
    }

    /** Calls {@code listener} whenever {@link #standing} of {@code pod} may differ, until the result is run. */
    Runnable listen(PodName pod, Runnable listener) {
        owner.checkCurrent();
        listeners.computeIfAbsent(pod, key -> new LinkedHashSet<>()).add(listener);
        return () -> listeners.computeIfPresent(pod, (key, all) -> {
            all.remove(listener);
            return all.isEmpty() ? null : all;
        });
    }

    /** The index holds all that there is: from now on a pod that is nowhere is nowhere. */
    void onSynced() {
        owner.checkCurrent();
        synced = true;
        List.copyOf(listeners.keySet()).forEach(this::tell);
    }

    private void tell(PodName pod) {
        List.copyOf(listeners.getOrDefault(pod, Set.of())).forEach(Runnable::run);
    }

    @Override
    public void onTouched(Touched touched) {
        owner.checkCurrent();
        forgetOld();
        var pods = new LinkedHashSet<PodName>();
        for (String text : touched.names()) {
            ClusterName.parse(text)
                    .ifPresent(name -> pods.addAll(update(
                            name, index.lookup(text).map(Published::cluster).orElse(null))));
        }
        pods.forEach(this::tell);
    }

    /** How {@code pod} stands now. */
    Standing standing(PodName pod) {
        owner.checkCurrent();
        if (!synced) {
            return new Standing(false, List.of());
        }
        forgetOld();
        Map<ClusterName, Place> gone = left.getOrDefault(pod, Map.of());
        var places = new ArrayList<>(gone.values());
        boolean leaving = true;
        for (Cluster cluster :
                byNamespace.getOrDefault(pod.namespace(), Map.of()).values()) {
            Boolean available =
                    availability(cluster.endpoints(), Set.of(pod.name())).get(pod.name());
            if (available == null) {
                continue;
            }
            leaving &= !available;
            if (!gone.containsKey(cluster.name())) {
                // As long as anything is known it was like this: all that clients were ever told says so.
                places.add(Place.of(cluster, 0));
            }
        }
        return new Standing(leaving, places);
    }

    /** The pods that stand otherwise than before. */
    private List<PodName> update(ClusterName name, @Nullable Cluster now) {
        Cluster before = now == null ? withoutCluster(name) : withCluster(now);
        List<Endpoint> endpointsNow = now == null ? List.of() : now.endpoints();
        List<Endpoint> endpointsBefore = before == null ? List.of() : before.endpoints();
        Set<String> concerned = concerned(endpointsBefore, endpointsNow);
        if (concerned.isEmpty()) {
            return List.of();
        }
        Map<String, Boolean> availableBefore = availability(endpointsBefore, concerned);
        Map<String, Boolean> availableNow = availability(endpointsNow, concerned);
        for (String podName : concerned) {
            var pod = new PodName(name.namespace(), podName);
            if (availableNow.getOrDefault(podName, false)) {
                stays(pod, name);
                continue;
            }
            if (before != null && availableBefore.getOrDefault(podName, false)) {
                left.computeIfAbsent(pod, key -> new HashMap<>()).put(name, Place.of(before, generation.getAsLong()));
            }
            Place place = left.getOrDefault(pod, Map.of()).get(name);
            if (place != null && !availableNow.containsKey(podName)) {
                vanished.addLast(new Left(pod, place, owner.nanoTime()));
            }
        }
        return concerned.stream()
                .map(podName -> new PodName(name.namespace(), podName))
                .toList();
    }

    /** The pods of which something is different: few, while the lists may be long. */
    private static Set<String> concerned(List<Endpoint> before, List<Endpoint> now) {
        var pods = new LinkedHashSet<String>();
        int i = 0;
        int j = 0;
        while (i < before.size() || j < now.size()) {
            int order = i == before.size()
                    ? 1
                    : j == now.size() ? -1 : Endpoint.BY_ADDRESS.compare(before.get(i), now.get(j));
            if (order == 0) {
                Endpoint was = before.get(i);
                Endpoint is = now.get(j);
                if (isAvailable(was) != isAvailable(is) || !was.pod().equals(is.pod())) {
                    pods.add(was.pod());
                    pods.add(is.pod());
                }
            } else {
                pods.add(order < 0 ? before.get(i).pod() : now.get(j).pod());
            }
            i += order <= 0 ? 1 : 0;
            j += order >= 0 ? 1 : 0;
        }
        pods.remove("");
        return pods;
    }

    /** Those of {@code pods} that are listed, each with whether it may be called. */
    private static Map<String, Boolean> availability(List<Endpoint> endpoints, Set<String> pods) {
        var availability = new HashMap<String, Boolean>();
        for (Endpoint endpoint : endpoints) {
            if (pods.contains(endpoint.pod())) {
                availability.merge(endpoint.pod(), isAvailable(endpoint), Boolean::logicalOr);
            }
        }
        return availability;
    }

    private @Nullable Cluster withCluster(Cluster now) {
        return byNamespace
                .computeIfAbsent(now.name().namespace(), key -> new HashMap<>())
                .put(now.name(), now);
    }

    private @Nullable Cluster withoutCluster(ClusterName name) {
        Map<ClusterName, Cluster> clusters = byNamespace.get(name.namespace());
        if (clusters == null) {
            return null;
        }
        Cluster before = clusters.remove(name);
        if (clusters.isEmpty()) {
            byNamespace.remove(name.namespace());
        }
        return before;
    }

    /** Terminating says more than ready: with {@code publishNotReadyAddresses} all are ready to their end. */
    private static boolean isAvailable(Endpoint endpoint) {
        return endpoint.ready() && !endpoint.terminating();
    }

    private void stays(PodName pod, ClusterName name) {
        left.computeIfPresent(pod, (key, places) -> {
            places.remove(name);
            return places.isEmpty() ? null : places;
        });
    }

    private void forgetOld() {
        while (!vanished.isEmpty() && owner.nanoTime() - vanished.getFirst().vanishedNanos() >= REMEMBERED.toNanos()) {
            Left old = vanished.removeFirst();
            Map<ClusterName, Place> places = left.get(old.pod());
            // It may have come back and left again meanwhile, at a later generation: that is remembered anew.
            if (places != null && old.place().equals(places.get(old.place().cluster()))) {
                stays(old.pod(), old.place().cluster());
            }
        }
    }

    /** Of how many pods departures are remembered. */
    int size() {
        return left.size();
    }
}
