package dev.sidestep.control.index;

import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Endpoint;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Tells a removal that looks like a fault of the source from one that somebody wants. Pods that are to go turn
 * terminating first; when most of a Service's endpoints vanish without that, a slice was lost more likely than the pods
 * were, and it is worth a fresh list before calls are failed for it.
 */
final class RemovalGuard {
    private static final Duration OF_LATE = Duration.ofSeconds(10);
    private static final int LEAST = 5;

    private RemovalGuard() {}

    /** Whether {@code next} is to wait. */
    static boolean isDoubtful(ServiceState state, List<Cluster> next, long nowNanos) {
        if (state.service == null) {
            return false; // The Service itself is gone.
        }
        int left = count(next);
        int peak = peak(state, nowNanos);
        return peak - left >= LEAST && left * 2 < peak && anyVanished(state.clusters, next);
    }

    /** What was published is what counts from now on. */
    static void published(ServiceState state, boolean confirmed, long nowNanos) {
        int now = count(state.clusters);
        if (confirmed || now >= peak(state, nowNanos)) {
            state.peak = now;
            state.peakNanos = nowNanos;
        }
    }

    private static int peak(ServiceState state, long nowNanos) {
        return nowNanos - state.peakNanos > OF_LATE.toNanos() ? count(state.clusters) : state.peak;
    }

    private static int count(List<Cluster> clusters) {
        return clusters.stream().mapToInt(cluster -> cluster.endpoints().size()).sum();
    }

    private static boolean anyVanished(List<Cluster> before, List<Cluster> after) {
        Map<ClusterName, Set<String>> there = new HashMap<>();
        for (Cluster cluster : after) {
            Set<String> addresses = there.computeIfAbsent(cluster.name(), name -> new HashSet<>());
            cluster.endpoints().forEach(endpoint -> addresses.add(endpoint.hostPort()));
        }
        for (Cluster cluster : before) {
            Set<String> addresses = there.getOrDefault(cluster.name(), Set.of());
            for (Endpoint endpoint : cluster.endpoints()) {
                if (!endpoint.terminating() && !addresses.contains(endpoint.hostPort())) {
                    return true;
                }
            }
        }
        return false;
    }
}
