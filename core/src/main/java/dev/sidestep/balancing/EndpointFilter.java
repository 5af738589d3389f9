package dev.sidestep.balancing;

import dev.sidestep.model.Endpoint;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Which endpoints of a cluster a caller may use: exactly what kube-proxy would program on the caller's node (Kubernetes
 * {@code pkg/proxy/topology.go}), so that balancing at the caller never widens or narrows what a Service means.
 */
public final class EndpointFilter {
    private EndpointFilter() {}

    /** Why {@link #select} chose what it did. */
    public enum Rule {
        /** All ready endpoints. */
        READY,
        /** Every ready endpoint has node hints and some name the caller's node: those. */
        SAME_NODE,
        /** Every ready endpoint has zone hints and some name the caller's zone: those. */
        SAME_ZONE,
        /** {@code internalTrafficPolicy: Local}: the ready ones on the caller's node. */
        LOCAL,
        /** None is ready: those that still serve while they terminate. */
        TERMINATING,
        /** None. */
        NONE
    }

    /**
     * What a caller may use.
     *
     * @param endpoints in the order given, none twice; empty with {@link Rule#NONE} alone
     */
    public record Selection(Rule rule, List<Endpoint> endpoints) {
        public Selection {
            endpoints = List.copyOf(endpoints);
        }
    }

    /**
     * The endpoints that a caller may use.
     *
     * @param endpoints in whatever condition; one that is in two slices counts once
     * @param localOnly {@code internalTrafficPolicy: Local}; topology hints do not apply then
     * @param node the caller's node, or "" if unknown, which no hint names
     * @param zone the caller's zone, or "" likewise
     */
    public static Selection select(List<Endpoint> endpoints, boolean localOnly, String node, String zone) {
        List<Endpoint> candidates = distinct(endpoints);
        if (localOnly) {
            candidates = only(
                    candidates, endpoint -> !node.isEmpty() && endpoint.node().equals(node));
        }
        List<Endpoint> ready = only(candidates, Endpoint::ready);
        if (ready.isEmpty()) {
            List<Endpoint> leaving = only(candidates, endpoint -> endpoint.serving() && endpoint.terminating());
            return new Selection(leaving.isEmpty() ? Rule.NONE : Rule.TERMINATING, leaving);
        }
        if (localOnly) {
            return new Selection(Rule.LOCAL, ready);
        }
        if (ready.stream().noneMatch(endpoint -> endpoint.forNodes().isEmpty())) {
            List<Endpoint> here = only(ready, endpoint -> endpoint.forNodes().contains(node));
            if (!here.isEmpty()) {
                return new Selection(Rule.SAME_NODE, here);
            }
        }
        if (ready.stream().noneMatch(endpoint -> endpoint.forZones().isEmpty())) {
            List<Endpoint> here = only(ready, endpoint -> endpoint.forZones().contains(zone));
            if (!here.isEmpty()) {
                return new Selection(Rule.SAME_ZONE, here);
            }
        }
        return new Selection(Rule.READY, ready);
    }

    private static List<Endpoint> distinct(List<Endpoint> endpoints) {
        if (isStrictlySorted(endpoints)) {
            return endpoints; // As a cluster has them: nothing to look up for each.
        }
        Set<String> seen = new HashSet<>(endpoints.size() * 2);
        return only(endpoints, endpoint -> seen.add(endpoint.hostPort()));
    }

    private static boolean isStrictlySorted(List<Endpoint> endpoints) {
        for (int i = 1; i < endpoints.size(); i++) {
            if (Endpoint.BY_ADDRESS.compare(endpoints.get(i - 1), endpoints.get(i)) >= 0) {
                return false;
            }
        }
        return true;
    }

    private static List<Endpoint> only(List<Endpoint> endpoints, Predicate<Endpoint> condition) {
        return endpoints.stream().filter(condition).toList();
    }
}
