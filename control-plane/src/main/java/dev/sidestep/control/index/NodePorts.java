package dev.sidestep.control.index;

import dev.sidestep.model.ClusterName;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Which cluster answers on which port of every node. Confined to the index's owner. */
final class NodePorts {
    private static final Comparator<ClusterName> ORDER = Comparator.comparing(ClusterName::value);

    private final Map<Integer, NavigableSet<ClusterName>> clusters = new HashMap<>();

    /** How many nodes have each address. */
    private final TreeMap<String, Integer> addresses = new TreeMap<>();

    void add(int port, ClusterName cluster) {
        clusters.computeIfAbsent(port, key -> new TreeSet<>(ORDER)).add(cluster);
    }

    void remove(int port, ClusterName cluster) {
        clusters.computeIfPresent(port, (key, claimants) -> {
            claimants.remove(cluster);
            return claimants.isEmpty() ? null : claimants;
        });
    }

    void addNode(List<String> hosts) {
        hosts.forEach(host -> addresses.merge(host, 1, Integer::sum));
    }

    void removeNode(List<String> hosts) {
        hosts.forEach(host -> addresses.computeIfPresent(host, (address, count) -> count == 1 ? null : count - 1));
    }

    /** The cluster that answers on {@code hostPort}, IPv6 in brackets. */
    Optional<ClusterName> lookup(String hostPort) {
        int colon = hostPort.lastIndexOf(':');
        String host = hostPort.substring(0, Math.max(0, colon));
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        if (colon < 0 || !addresses.containsKey(bracketed ? host.substring(1, host.length() - 1) : host)) {
            return Optional.empty();
        }
        try {
            return Optional.ofNullable(clusters.get(Integer.parseInt(hostPort.substring(colon + 1))))
                    .map(NavigableSet::first);
        } catch (NumberFormatException notAPort) {
            return Optional.empty();
        }
    }

    /** The ports that some cluster answers on. */
    Set<Integer> ports() {
        return Set.copyOf(clusters.keySet());
    }

    boolean isEmpty() {
        return clusters.isEmpty();
    }

    /** The addresses of all nodes; they matter only where some cluster answers on them. */
    Set<String> addresses() {
        return clusters.isEmpty() ? Set.of() : addresses.keySet();
    }
}
