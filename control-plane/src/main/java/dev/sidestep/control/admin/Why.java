package dev.sidestep.control.admin;

import dev.sidestep.balancing.EndpointFilter;
import dev.sidestep.control.index.ClusterIndex;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.Endpoint;
import dev.sidestep.model.Self;
import dev.sidestep.naming.CallerHost;
import dev.sidestep.naming.Candidate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Where calls to a host lead from a namespace, as far as the control plane can say: {@code /why}.
 *
 * @param answer one sentence
 * @param tried what the host can mean, in search order
 * @param rule why these endpoints, by kube-proxy's rules
 * @param usable the endpoints that may be called
 * @param cluster all that is known of the Service port
 */
record Why(
        String host,
        int port,
        String namespace,
        String answer,
        List<String> tried,
        Optional<EndpointFilter.Rule> rule,
        List<String> usable,
        Optional<Cluster> cluster) {

    private static final int DEFAULT_PORT = 80;

    /**
     * Asks {@code index}, on its owner.
     *
     * @param asked a host, with a port or without
     * @param self the caller's view; where node and zone are "", the hints cannot be honoured
     */
    static Why ask(ClusterIndex index, String asked, Self self) {
        int colon = asked.lastIndexOf(':');
        boolean bracketed = asked.startsWith("[");
        boolean hasPort = asked.substring(colon + 1).matches("[0-9]{1,5}")
                && (bracketed ? colon > asked.indexOf(']') : colon > 0 && asked.indexOf(':') == colon);
        int port = hasPort ? Integer.parseInt(asked.substring(colon + 1)) : DEFAULT_PORT;
        String host = (hasPort ? asked.substring(0, colon) : asked).replaceAll("[\\[\\]]", "");
        var tried = new ArrayList<String>();
        if (port >= 1 && port <= 65535) {
            for (Candidate candidate : CallerHost.parse(host).candidates(self, false, port)) {
                tried.add(candidate.asked());
                Optional<Cluster> found = index.lookup(candidate.asked()).map(ClusterIndex.Published::cluster);
                if (found.isPresent()) {
                    return found(host, port, self, tried, found.get());
                }
            }
        }
        String answer = tried.isEmpty()
                ? "not a name or address that a Service can have: calls go where they were going"
                : "no such Service port is known: calls go where they were going";
        return new Why(host, port, self.namespace(), answer, tried, Optional.empty(), List.of(), Optional.empty());
    }

    private static Why found(String host, int port, Self self, List<String> tried, Cluster cluster) {
        EndpointFilter.Selection selection =
                EndpointFilter.select(cluster.endpoints(), cluster.policy().localOnly(), self.node(), self.zone());
        List<String> usable =
                selection.endpoints().stream().map(Endpoint::hostPort).toList();
        String answer = cluster.name() + ": " + usable.size() + " of "
                + cluster.endpoints().size() + " endpoints may be called, mode "
                + cluster.policy().mode();
        return new Why(
                host,
                port,
                self.namespace(),
                answer,
                tried,
                Optional.of(selection.rule()),
                usable,
                Optional.of(cluster));
    }
}
