package dev.sidestep.control.index;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A Service.
 *
 * @param ours whether it is to be balanced: not an ExternalName, and no other proxy claims it
 * @param headless {@code clusterIP: None}
 * @param clusterIps its VIPs, canonical literals, the primary one first; empty when headless or not yet given
 * @param externalIps external and LoadBalancer addresses that lead to its endpoints from inside, canonical literals
 * @param families {@code IPv4}, {@code IPv6}: what it serves, the primary one first; empty: not said
 * @param ports its TCP ports
 * @param localOnly {@code internalTrafficPolicy: Local}
 * @param affinitySeconds {@code sessionAffinity: ClientIP} and its timeout; empty: none
 * @param annotations its annotations below {@link Item#PREFIX}
 */
public record ServiceItem(
        ObjectKey key,
        boolean ours,
        boolean headless,
        List<String> clusterIps,
        List<String> externalIps,
        List<String> families,
        List<Port> ports,
        boolean localOnly,
        Optional<Integer> affinitySeconds,
        Map<String, String> annotations)
        implements Item {

    /** Where a session with {@code ClientIP} affinity ends when the Service does not say: three hours. */
    public static final int DEFAULT_AFFINITY_SECONDS = 10_800;

    public ServiceItem {
        clusterIps = List.copyOf(clusterIps);
        externalIps = List.copyOf(externalIps);
        families = List.copyOf(families);
        ports = List.copyOf(ports);
        annotations = Map.copyOf(annotations);
    }

    /**
     * One port of a Service.
     *
     * @param name joins it to the ports of slices; "" for an only port
     * @param targetPort the number it leads to where a slice leaves that open
     * @param appProtocol {@code appProtocol}, or ""
     * @param nodePort the port of every node that leads to the same endpoints for every caller; 0: none
     */
    public record Port(String name, int port, int targetPort, String appProtocol, int nodePort) {
        public Port(String name, int port, int targetPort, String appProtocol) {
            this(name, port, targetPort, appProtocol, 0);
        }
    }
}
