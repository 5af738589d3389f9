package dev.sidestep.control.index;

import dev.sidestep.control.index.ClusterIndex.Published;
import dev.sidestep.control.index.IndexListener.Touched;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Endpoint;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;

/** The clusters as they are told, and what changed in them since somebody asked. Confined to the index's owner. */
final class PublishedClusters {
    private final Map<ClusterName, Published> clusters = new HashMap<>();
    private final AddressBook addresses = new AddressBook();
    private final NodePorts nodePorts = new NodePorts();
    private final Set<String> touchedNames = new HashSet<>();
    private final Set<Integer> touchedNodePorts = new HashSet<>();
    private boolean touchedSurroundings;

    /** The cluster of {@code name}, a {@link ClusterName#value} or an {@code address:port}. */
    Optional<Published> lookup(String name) {
        return ClusterName.parse(name)
                .or(() -> addresses.lookup(name))
                .or(() -> nodePorts.lookup(name))
                .flatMap(found -> Optional.ofNullable(clusters.get(found)));
    }

    Collection<Published> all() {
        return clusters.values();
    }

    /** Every address that some Service answers on, without ports. */
    SortedSet<String> hosts() {
        SortedSet<String> hosts = addresses.hosts();
        hosts.addAll(nodePorts.addresses());
        return hosts;
    }

    /** A node has other addresses than before; none: it is new, or gone. */
    void replaceNode(List<String> before, List<String> after) {
        nodePorts.removeNode(before);
        nodePorts.addNode(after);
        if (!nodePorts.isEmpty()) {
            touchedNodePorts.addAll(nodePorts.ports());
            touchedSurroundings = true;
        }
    }

    long endpointCount() {
        return clusters.values().stream()
                .map(Published::cluster)
                .map(Cluster::endpoints)
                .mapToLong(List<Endpoint>::size)
                .sum();
    }

    /** Puts {@code next} in the place of what is published of a Service; whether that makes a difference. */
    boolean replace(ServiceState state, List<Cluster> next) {
        var byName = new LinkedHashMap<ClusterName, Cluster>();
        next.forEach(cluster -> byName.put(cluster.name(), cluster));
        boolean changed = next.size() != state.clusters.size();
        Set<String> addressesBefore = new HashSet<>();
        Set<String> addressesAfter = new HashSet<>();
        for (Cluster before : state.clusters) {
            if (before.equals(byName.get(before.name()))) {
                byName.remove(before.name()); // Informers resync every object now and then.
                continue;
            }
            clusters.remove(before.name());
            addresses.remove(before);
            addressesBefore.addAll(before.addresses());
            touchedNames.add(before.name().value());
        }
        for (Cluster after : byName.values()) {
            clusters.put(after.name(), new Published(after, state.pendingSinceNanos));
            addresses.add(
                    after,
                    state.service == null ? 0 : state.service.clusterIps().size());
            addressesAfter.addAll(after.addresses());
            touchedNames.add(after.name().value());
        }
        changed |= !byName.isEmpty();
        changed |= replaceNodePorts(state, next, changed);
        touchedNames.addAll(addressesBefore);
        touchedNames.addAll(addressesAfter);
        touchedSurroundings |= !addressesBefore.equals(addressesAfter);
        state.clusters = next;
        return changed;
    }

    private boolean replaceNodePorts(ServiceState state, List<Cluster> next, boolean changed) {
        Map<Integer, ClusterName> before = state.nodePorts;
        Map<Integer, ClusterName> after = new LinkedHashMap<>();
        if (state.service != null && !next.isEmpty()) {
            for (ServiceItem.Port port : state.service.ports()) {
                if (port.nodePort() != 0) {
                    ObjectKey key = state.service.key();
                    after.put(port.nodePort(), new ClusterName(key.name(), key.namespace(), port.port()));
                }
            }
        }
        boolean otherPorts = !after.equals(before);
        if (otherPorts) {
            boolean wereNone = nodePorts.isEmpty();
            before.forEach(nodePorts::remove);
            after.forEach(nodePorts::add);
            state.nodePorts = Map.copyOf(after);
            touchedSurroundings |= wereNone != nodePorts.isEmpty();
        }
        if (changed || otherPorts) {
            touchedNodePorts.addAll(before.keySet());
            touchedNodePorts.addAll(after.keySet());
        }
        return otherPorts;
    }

    void touchSurroundings() {
        touchedSurroundings = true;
    }

    /** What was touched since the last call. */
    Optional<Touched> takeTouched() {
        if (touchedNames.isEmpty() && touchedNodePorts.isEmpty() && !touchedSurroundings) {
            return Optional.empty();
        }
        var touched = new Touched(touchedNames, touchedNodePorts, touchedSurroundings);
        touchedNames.clear();
        touchedNodePorts.clear();
        touchedSurroundings = false;
        return Optional.of(touched);
    }
}
