package dev.sidestep.control.index;

import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** Which cluster answers on which {@code address:port}. Confined to the index's owner. */
final class AddressBook {
    /** @param rank 0 for a VIP, 1 for an external address, which anybody may claim and so gives way */
    private record Claim(int rank, ClusterName cluster) {}

    private static final Comparator<Claim> ORDER = Comparator.comparingInt(Claim::rank)
            .thenComparing(claim -> claim.cluster().value());

    private final Map<String, NavigableSet<Claim>> claims = new HashMap<>();
    /** How many claims each address stands in. */
    private final TreeMap<String, Integer> hosts = new TreeMap<>();

    void add(Cluster cluster, int vips) {
        for (int i = 0; i < cluster.addresses().size(); i++) {
            String address = cluster.addresses().get(i);
            claims.computeIfAbsent(address, key -> new TreeSet<>(ORDER))
                    .add(new Claim(i < vips ? 0 : 1, cluster.name()));
            hosts.merge(host(address), 1, Integer::sum);
        }
    }

    void remove(Cluster cluster) {
        for (String address : cluster.addresses()) {
            claims.computeIfPresent(address, (key, claimants) -> {
                claimants.removeIf(claim -> claim.cluster().equals(cluster.name()));
                return claimants.isEmpty() ? null : claimants;
            });
            hosts.computeIfPresent(host(address), (host, count) -> count == 1 ? null : count - 1);
        }
    }

    Optional<ClusterName> lookup(String address) {
        return Optional.ofNullable(claims.get(address)).map(NavigableSet::first).map(Claim::cluster);
    }

    /** The IP literals of all addresses, sorted. */
    SortedSet<String> hosts() {
        return new TreeSet<>(hosts.keySet());
    }

    private static String host(String hostPort) {
        String host = hostPort.substring(0, hostPort.lastIndexOf(':'));
        return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }
}
