package dev.sidestep.control.injector;

import java.util.List;
import java.util.Optional;

/**
 * What is known of the cluster.
 *
 * @param version the oldest of API server and nodes; empty where nobody was asked
 * @param serviceRanges the CIDR blocks that VIPs come from; empty if unknown
 * @param bundle the CA certificates that clients shall trust, in PEM; "" if unknown
 * @param drainAddress where a kubelet reaches the control plane, which resolves no names; empty if unknown
 */
public record ClusterFacts(
        Optional<KubernetesVersion> version, List<String> serviceRanges, String bundle, Optional<String> drainAddress) {
    public ClusterFacts {
        serviceRanges = List.copyOf(serviceRanges);
    }

    /** Where nobody was asked. */
    public static ClusterFacts unknown() {
        return new ClusterFacts(Optional.empty(), List.of(), "", Optional.empty());
    }

    /** Whether the cluster is as new as {@code minor}; taken for granted where nobody was asked. */
    boolean isAtLeast(int minor) {
        return version.map(known -> known.isAtLeast(minor)).orElse(true);
    }
}
