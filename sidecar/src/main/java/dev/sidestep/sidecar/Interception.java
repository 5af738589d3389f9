package dev.sidestep.sidecar;

import java.util.List;

/**
 * What of the application's connections is redirected to a sidecar by iptables, as the sidecar is told; the rules
 * themselves are set before it starts.
 *
 * @param scope what is redirected
 * @param socketLoadBalancing whether the CNI puts endpoints in the place of VIPs as connections are made, so that the
 *     address that a connection was going to says nothing about the Service
 * @param serviceRanges the CIDR blocks that are redirected, as {@code SIDESTEP_SERVICE_RANGES} has them
 * @param excludedPorts {@code SIDESTEP_EXCLUDE_OUTBOUND_PORTS}: ports and spans ({@code 9000-9100})
 * @param excludedRanges {@code SIDESTEP_EXCLUDE_OUTBOUND_IP_RANGES}: CIDR blocks
 */
public record Interception(
        Scope scope,
        boolean socketLoadBalancing,
        List<String> serviceRanges,
        List<String> excludedPorts,
        List<String> excludedRanges) {

    /** Nothing is redirected: programs use the sidecar as their proxy. */
    public static final Interception NONE = of(Scope.NONE);

    public Interception {
        serviceRanges = List.copyOf(serviceRanges);
        excludedPorts = List.copyOf(excludedPorts);
        excludedRanges = List.copyOf(excludedRanges);
    }

    /** {@code SIDESTEP_INTERCEPT}. */
    public enum Scope {
        /** Nothing. */
        NONE,
        /** What goes to the ranges that VIPs come from. */
        SERVICES,
        /** All TCP. */
        ALL
    }

    /** {@code scope}, all else as usual. */
    public static Interception of(Scope scope) {
        return new Interception(scope, false, List.of(), List.of(), List.of());
    }

    /** What the variables {@code SIDESTEP_…} say. */
    static Interception fromEnvironment(Environment variables) {
        return new Interception(
                variables.choice("SIDESTEP_INTERCEPT", Scope.NONE),
                variables.flag("SIDESTEP_SOCKET_LOAD_BALANCING", false),
                variables.words("SIDESTEP_SERVICE_RANGES"),
                variables.words("SIDESTEP_EXCLUDE_OUTBOUND_PORTS"),
                variables.words("SIDESTEP_EXCLUDE_OUTBOUND_IP_RANGES"));
    }

    /** Whether anything is redirected. */
    public boolean isOn() {
        return scope != Scope.NONE;
    }
}
