package dev.sidestep.load;

import dev.sidestep.model.ClusterName;
import java.util.List;

/**
 * What a process sent to one Service port since the last report.
 *
 * @param endpoints attempts by endpoint; one with the address "" for what went where it was going
 * @param connections the application's connections that were opened, or had calls, one by one
 * @param others the rest of them, where there are too many
 */
public record LoadReport(
        ClusterName service, List<Endpoint> endpoints, List<Connection> connections, List<Others> others) {
    public LoadReport {
        endpoints = List.copyOf(endpoints);
        connections = List.copyOf(connections);
        others = List.copyOf(others);
    }

    /**
     * Attempts.
     *
     * @param issued those begun
     * @param inProgress those begun, at any time, and not over
     * @param nanos how long those that succeeded or failed took, together, in nanoseconds
     */
    public record Calls(long issued, long succeeded, long failed, long inProgress, long nanos) {
        /** Whether there was none and is none. */
        public boolean isNothing() {
            return issued == 0 && succeeded == 0 && failed == 0 && inProgress == 0;
        }
    }

    /**
     * The attempts on one endpoint.
     *
     * @param address {@code address:port}, or "" where nobody but kube-proxy knows
     */
    public record Endpoint(String address, Calls calls) {}

    /**
     * One connection of the application.
     *
     * @param id the same in each report of this process
     * @param opened whether it is reported for the first time
     * @param calls since the last report
     */
    public record Connection(long id, boolean opened, long calls) {}

    /**
     * Connections that are not told one by one: as many calls over each of them, as near as powers of two come.
     *
     * @param connections how many
     * @param opened how many of them are reported for the first time
     * @param calls over all of them, since the last report
     */
    public record Others(long connections, long opened, long calls) {}
}
