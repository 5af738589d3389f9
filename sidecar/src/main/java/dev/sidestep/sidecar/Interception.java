package dev.sidestep.sidecar;

import java.util.List;

/**
 * What of the application's connections is redirected to a sidecar by iptables, as the sidecar is told; the rules
 * themselves are set before it starts.
 *
 * @param scope what is redirected
 * @param socketLoadBalancing whether the CNI puts endpoints in the place of VIPs as connections are made, so that the
 *     address that a connection was going to says nothing about the Service
 * @param checked whether the sidecar looks for connections that pass it by ({@code SIDESTEP_CHECK_INTERCEPTION}); not
 *     where an agent in the same pod balances some
 * @param serviceRanges the CIDR blocks that are redirected, as {@code SIDESTEP_SERVICE_RANGES} has them
 * @param excludedPorts {@code SIDESTEP_EXCLUDE_OUTBOUND_PORTS}: ports and spans ({@code 9000-9100})
 * @param excludedRanges {@code SIDESTEP_EXCLUDE_OUTBOUND_IP_RANGES}: CIDR blocks
 */
public record Interception(
        Scope scope,
        boolean socketLoadBalancing,
        boolean checked,
        List<String> serviceRanges,
        List<String> excludedPorts,
        List<String> excludedRanges) {

    /** Nothing is redirected: programs use the sidecar as their proxy. */
    public static final Interception NONE = of(Scope.NONE);

    /** The sidecar's user and group, whose connections are not redirected. */
    static final int UID = 16001;

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
        return new Interception(scope, false, true, List.of(), List.of(), List.of());
    }

    /** What the variables {@code SIDESTEP_…} say. */
    static Interception fromEnvironment(Environment variables) {
        return new Interception(
                variables.choice("SIDESTEP_INTERCEPT", Scope.NONE),
                variables.flag("SIDESTEP_SOCKET_LOAD_BALANCING", false),
                variables.flag("SIDESTEP_CHECK_INTERCEPTION", true),
                variables.words("SIDESTEP_SERVICE_RANGES"),
                variables.words("SIDESTEP_EXCLUDE_OUTBOUND_PORTS"),
                variables.words("SIDESTEP_EXCLUDE_OUTBOUND_IP_RANGES"));
    }

    /** Whether anything is redirected. */
    public boolean isOn() {
        return scope != Scope.NONE;
    }
}
