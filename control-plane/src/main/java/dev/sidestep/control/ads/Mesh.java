package dev.sidestep.control.ads;

import dev.sidestep.model.Mode;
import java.util.List;

/**
 * What holds for all clients.
 *
 * @param mode the mesh's mode
 * @param clusterDomain the domain of the cluster's DNS
 * @param serviceRanges the CIDR blocks that VIPs come from
 */
public record Mesh(Mode mode, String clusterDomain, List<String> serviceRanges) {
    public Mesh {
        serviceRanges = List.copyOf(serviceRanges);
        serviceRanges.forEach(AddressRange::parse);
    }
}
