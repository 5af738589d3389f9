package dev.sidestep.balancing;

import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Endpoint;
import dev.sidestep.model.Mode;
import dev.sidestep.model.Self;
import dev.sidestep.model.TrafficPolicy;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * All that a load balancer knows and holds, at one moment; made for people.
 *
 * @param connected whether a control plane is connected and has answered
 * @param selfTold whether {@code self} comes from a control plane, rather than from configuration
 * @param self who this process is
 * @param mode the caller's mode that holds
 * @param destinations what is asked for, by host and port
 * @param clusters what is known, by name
 */
public record Status(
        boolean connected,
        boolean selfTold,
        Self self,
        Mode mode,
        List<DestinationStatus> destinations,
        List<ClusterStatus> clusters) {
    public Status {
        destinations = List.copyOf(destinations);
        clusters = List.copyOf(clusters);
    }

    /**
     * One host and port that callers ask for.
     *
     * @param host as the caller wrote it
     * @param port as the caller wrote it
     * @param answer {@code BALANCED}, {@code PENDING}, or the name of the {@link PickResult.PassThrough}
     * @param cluster what it leads to, if to a Service
     */
    public record DestinationStatus(String host, int port, String answer, Optional<ClusterName> cluster) {}

    /**
     * One Service port.
     *
     * @param name what it is called
     * @param askedAs the names it was asked by
     * @param addresses its VIPs and other addresses
     * @param mode what holds here: the more cautious of the caller's mode and the Service's
     * @param policy how calls to it are made
     * @param rule why these endpoints are in use
     * @param current whether a stream vouches for the list now
     * @param age how long ago the list was last known to hold; zero while current
     * @param stale whether no new connection is opened by address
     * @param panic whether so few were left that all ready ones are used, ejected or not
     * @param endpoints every endpoint, in whatever condition
     */
    public record ClusterStatus(
            ClusterName name,
            List<String> askedAs,
            List<String> addresses,
            Mode mode,
            TrafficPolicy policy,
            EndpointFilter.Rule rule,
            boolean current,
            Duration age,
            boolean stale,
            boolean panic,
            List<EndpointStatus> endpoints) {
        public ClusterStatus {
            askedAs = List.copyOf(askedAs);
            addresses = List.copyOf(addresses);
            endpoints = List.copyOf(endpoints);
        }
    }

    /** What stands between an endpoint and a pick. */
    public enum EndpointState {
        /** Nothing: it takes its share. */
        READY,
        /** It owes an answer for too long; one call at a time finds out. */
        SUSPECT,
        /** It failed; it is left alone for a while. */
        EJECTED,
        /** One call finds out whether it is well again. */
        PROBING,
        /** Not ready, by Kubernetes. */
        NOT_READY,
        /** On its way out, by Kubernetes. */
        TERMINATING,
        /** Ready, but the hints or the traffic policy keep this caller to others. */
        ELSEWHERE
    }

    /**
     * One endpoint of a Service port.
     *
     * @param endpoint what Kubernetes says of it
     * @param state what stands between it and a pick
     * @param picked whether a pick may take it; an ejected one too, when too few others are left
     * @param why one sentence
     * @param inFlight attempts started and not ended
     * @param successes attempts that succeeded since it is known
     * @param failures attempts that failed since it is known
     */
    public record EndpointStatus(
            Endpoint endpoint,
            EndpointState state,
            boolean picked,
            String why,
            int inFlight,
            long successes,
            long failures) {}
}
