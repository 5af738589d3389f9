package dev.sidestep.control.index;

import java.util.List;

/**
 * An EndpointSlice, or an Endpoints object read as slices.
 *
 * @param service the Service it belongs to, in its own namespace
 * @param subsets one for an EndpointSlice, one for each subset of an Endpoints object
 */
public record SliceItem(ObjectKey key, String service, List<Subset> subsets) implements Item {
    public SliceItem {
        subsets = List.copyOf(subsets);
    }

    /** Endpoints that share their ports. */
    public record Subset(List<Port> ports, List<Backend> backends) {
        public Subset {
            ports = List.copyOf(ports);
            backends = List.copyOf(backends);
        }
    }

    /**
     * One TCP port.
     *
     * @param name joins it to the Service's port
     * @param number 1 to 65535, or 0: any, so the Service's own target port
     */
    public record Port(String name, int number) {}

    /**
     * One address with what is known of it; the parameters are those of {@link dev.sidestep.model.Endpoint}, absent
     * conditions already read as the API defines.
     *
     * @param ipv6 the address family
     */
    public record Backend(
            String address,
            boolean ipv6,
            boolean ready,
            boolean serving,
            boolean terminating,
            String hostname,
            String pod,
            String node,
            String zone,
            List<String> forZones,
            List<String> forNodes) {
        public Backend {
            forZones = List.copyOf(forZones);
            forNodes = List.copyOf(forNodes);
        }
    }
}
