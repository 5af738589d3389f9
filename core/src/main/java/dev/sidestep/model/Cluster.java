package dev.sidestep.model;

import java.util.List;

/**
 * All that a data plane is told of one Service port, at one moment; replaced as a whole, never edited.
 *
 * @param name what it is called
 * @param addresses the {@code address:port} under which it can be called besides its name: its VIPs, LoadBalancer and
 *     external addresses, IPv6 in brackets. The first is where calls go when we do not balance; empty for a headless
 *     Service
 * @param headless whether the Service has no VIP, so that pods have names of their own below it
 * @param policy how calls to it are made
 * @param endpoints every endpoint, in whatever condition, sorted by address, none twice
 */
public record Cluster(
        ClusterName name, List<String> addresses, boolean headless, TrafficPolicy policy, List<Endpoint> endpoints) {
    public Cluster {
        addresses = List.copyOf(addresses);
        // Sorted, so that the order in which Kubernetes happens to list slices never reads as a change.
        endpoints = endpoints.stream().sorted(Endpoint.BY_ADDRESS).toList();
    }
}
