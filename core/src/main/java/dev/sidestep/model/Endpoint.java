package dev.sidestep.model;

import java.util.Comparator;
import java.util.List;

/**
 * One address and port that serves a cluster, with what an EndpointSlice says of it (Kubernetes
 * {@code discovery.k8s.io/v1}; absent conditions are already read as the API defines: ready unless said otherwise,
 * serving as ready, not terminating).
 *
 * @param address an IPv4 or IPv6 literal, IPv6 without brackets, in the JDK's canonical text
 * @param port the target port, 1 to 65535
 * @param ready whether new calls may go there
 * @param serving readiness regardless of termination
 * @param terminating whether the pod is on its way out
 * @param hostname the pod's own DNS label below a headless Service, or ""
 * @param pod the name of the Pod behind it, or ""
 * @param node the node it runs on, or ""
 * @param zone the zone it runs in, or ""
 * @param forZones the zones that the hints reserve it for; empty without hints
 * @param forNodes the nodes that the hints reserve it for; empty without hints
 * @param weight relative share of calls, at least 1
 */
public record Endpoint(
        String address,
        int port,
        boolean ready,
        boolean serving,
        boolean terminating,
        String hostname,
        String pod,
        String node,
        String zone,
        List<String> forZones,
        List<String> forNodes,
        int weight) {

    /** By address and port, which are an endpoint's identity. */
    public static final Comparator<Endpoint> BY_ADDRESS =
            Comparator.comparing(Endpoint::address).thenComparingInt(Endpoint::port);

    public Endpoint {
        if (port < 1 || port > 65535) {
            throw new IllegalArgumentException("port: " + port + " (expected: 1 to 65535)");
        }
        if (weight < 1) {
            throw new IllegalArgumentException("weight: " + weight + " (expected: >= 1)");
        }
        forZones = List.copyOf(forZones);
        forNodes = List.copyOf(forNodes);
    }

    /** A ready endpoint of weight 1 of which nothing else is known. */
    public static Endpoint ready(String address, int port) {
        return new Endpoint(address, port, true, true, false, "", "", "", "", List.of(), List.of(), 1);
    }

    /** {@code address:port}, IPv6 in brackets. */
    public String hostPort() {
        return address.indexOf(':') < 0 ? address + ":" + port : "[" + address + "]:" + port;
    }
}
