package dev.sidestep.model;

import java.util.List;

/**
 * What the control plane tells a data plane about itself, first on every stream.
 *
 * @param namespace the caller's namespace, in which short names are resolved
 * @param node the caller's node, or ""
 * @param zone the caller's zone, or ""
 * @param region the caller's region, or ""
 * @param clusterDomain the domain of the cluster's DNS, without dots at its ends
 * @param serviceRanges the CIDR blocks that VIPs come from
 * @param serviceAddresses addresses outside those ranges that Services answer on: LoadBalancer, external, node
 * @param mode the caller's mode: the mesh's, its namespace's or its pod's, the narrowest
 */
public record Self(
        String namespace,
        String node,
        String zone,
        String region,
        String clusterDomain,
        List<String> serviceRanges,
        List<String> serviceAddresses,
        Mode mode) {
    public Self {
        serviceRanges = List.copyOf(serviceRanges);
        serviceAddresses = List.copyOf(serviceAddresses);
    }

    /** What a caller in {@code namespace} takes for granted until a control plane says more. */
    public static Self inNamespace(String namespace) {
        return new Self(namespace, "", "", "", ClusterName.WIRE_DOMAIN, List.of(), List.of(), Mode.BALANCE);
    }
}
