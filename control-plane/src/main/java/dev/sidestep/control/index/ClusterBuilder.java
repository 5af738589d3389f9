package dev.sidestep.control.index;

import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Endpoint;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** From one Service and its slices to one {@link Cluster} for each of its ports. Pure. */
final class ClusterBuilder {
    private static final String IPV4 = "IPv4";
    private static final String IPV6 = "IPv6";

    private final ServiceItem service;
    private final PolicyBuilder policy;
    private final Collection<SliceItem> slices;

    /** @param slices those of the Service and nobody else's, in an order that does not change by itself */
    ClusterBuilder(ServiceItem service, PolicyBuilder policy, Collection<SliceItem> slices) {
        this.service = service;
        this.policy = policy;
        this.slices = slices;
    }

    List<Cluster> build() {
        if (!service.ours()) {
            return List.of();
        }
        var clusters = new ArrayList<Cluster>();
        for (ServiceItem.Port port : service.ports()) {
            var name = new ClusterName(service.key().name(), service.key().namespace(), port.port());
            clusters.add(new Cluster(
                    name, addresses(port.port()), service.headless(), policy.build(service, port), endpoints(port)));
        }
        return clusters;
    }

    /** The VIPs first: the first of all is where calls go that are not balanced. */
    private List<String> addresses(int port) {
        // To whom calls from inside to an external address lead, internalTrafficPolicy does not limit.
        List<String> external = service.localOnly() ? List.of() : service.externalIps();
        return Stream.concat(service.clusterIps().stream(), external.stream())
                .distinct()
                .map(address -> Endpoint.ready(address, port).hostPort())
                .toList();
    }

    private List<Endpoint> endpoints(ServiceItem.Port port) {
        String primary =
                service.families().isEmpty() ? IPV4 : service.families().get(0);
        Map<String, Endpoint> merged = merge(port, primary);
        String secondary = primary.equals(IPV4) ? IPV6 : IPV4;
        if (service.families().isEmpty() || service.families().contains(secondary)) {
            // A dual-stack pod is listed once in each family; it is one endpoint, by its Service's first family.
            Set<String> pods = new HashSet<>();
            merged.values().forEach(endpoint -> pods.add(endpoint.pod()));
            pods.remove("");
            merge(port, secondary).forEach((address, endpoint) -> {
                if (!pods.contains(endpoint.pod())) {
                    merged.put(address, endpoint);
                }
            });
        }
        return List.copyOf(merged.values());
    }

    private Map<String, Endpoint> merge(ServiceItem.Port port, String family) {
        var merged = new HashMap<String, Endpoint>();
        for (SliceItem slice : slices) {
            for (SliceItem.Subset subset : slice.subsets()) {
                target(port, subset).ifPresent(number -> {
                    for (SliceItem.Backend backend : subset.backends()) {
                        if (backend.ipv6() == family.equals(IPV6)) {
                            Endpoint endpoint = endpoint(backend, number);
                            merged.merge(endpoint.hostPort(), endpoint, ClusterBuilder::better);
                        }
                    }
                });
            }
        }
        return merged;
    }

    /** Slices carry the resolved number of a named target port, which may differ from slice to slice. */
    private static Optional<Integer> target(ServiceItem.Port port, SliceItem.Subset subset) {
        return subset.ports().stream()
                .filter(candidate -> candidate.name().equals(port.name()))
                .findFirst()
                .map(found -> found.number() == 0 ? port.targetPort() : found.number());
    }

    private static Endpoint endpoint(SliceItem.Backend backend, int port) {
        return new Endpoint(
                backend.address(),
                port,
                backend.ready(),
                backend.serving(),
                backend.terminating(),
                backend.hostname(),
                backend.pod(),
                backend.node(),
                backend.zone(),
                backend.forZones(),
                backend.forNodes(),
                1);
    }

    /**
     * While the slice controller moves an endpoint it may be in two slices, one of them out of date. The ready copy
     * counts: an address may have passed from a terminating pod to a new one, never the other way round.
     */
    private static Endpoint better(Endpoint first, Endpoint second) {
        return rank(second) > rank(first) ? second : first;
    }

    private static int rank(Endpoint endpoint) {
        return (endpoint.ready() ? 2 : 0) + (endpoint.serving() ? 1 : 0);
    }
}
