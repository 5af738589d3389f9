package dev.sidestep.balancing;

import dev.sidestep.model.Cluster;
import dev.sidestep.model.Endpoint;
import dev.sidestep.model.Mode;
import dev.sidestep.model.Self;
import dev.sidestep.model.TrafficPolicy;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Says what is, for people, at one moment. On the owner.
 *
 * @param connected whether a control plane is connected and has answered
 * @param selfTold whether {@code self} comes from a control plane
 * @param self who this process is
 * @param callerMode the mode of this process
 * @param nowNanos the moment
 */
record Report(boolean connected, boolean selfTold, Self self, Mode callerMode, long nowNanos) {
    Status status(Collection<NamedDestination> destinations, Collection<LiveCluster> clusters) {
        return new Status(
                connected,
                selfTold,
                self,
                callerMode,
                destinations.stream()
                        .map(destination -> new Status.DestinationStatus(
                                destination.host(),
                                destination.port(),
                                answer(destination.picker()),
                                Optional.ofNullable(destination.live()).map(LiveCluster::name)))
                        .toList(),
                clusters.stream().map(this::cluster).toList());
    }

    /** Why calls to {@code destination} go where they go; {@code held} is the meaning that holds, if any. */
    Explanation explain(NamedDestination destination, @Nullable Meaning held) {
        LiveCluster live = destination.live();
        String answer = answer(destination.picker());
        return new Explanation(
                destination.host(),
                destination.port(),
                answer,
                why(answer, live),
                destination.meanings().stream()
                        .map(meaning -> tried(meaning, meaning.equals(held)))
                        .toList(),
                callerMode,
                Optional.ofNullable(live).map(of -> of.policy().mode()),
                destination.mayConnect(),
                connected,
                Optional.ofNullable(live).map(this::cluster));
    }

    Explanation explainNotOurs(String host, int port) {
        String answer = PickResult.PassThrough.NOT_OURS.name();
        return new Explanation(
                host,
                port,
                answer,
                why(answer, null),
                List.of(),
                callerMode,
                Optional.empty(),
                true,
                connected,
                Optional.empty());
    }

    /** What a pick answers now, in one word. */
    private static String answer(Picker picker) {
        return picker instanceof FixedPicker fixed ? fixed.result().toString() : "BALANCED";
    }

    /** The reason for {@code answer}, in one sentence. */
    private static String why(String answer, @Nullable LiveCluster live) {
        return switch (answer) {
            case "BALANCED" -> live == null ? "calls are balanced" : balanced(live);
            case "PENDING" -> "the control plane has not answered yet";
            case "NOT_OURS" -> "the host cannot be a Service of this mesh; calls go where they were going";
            case "UNKNOWN_SERVICE" -> "the control plane knows no such Service; calls go where they were going";
            case "NO_CONTROL_PLANE" -> "no control plane has answered for it; calls go where they were going";
            case "MODE_OFF" -> "mode is off; calls go where they were going";
            case "MODE_OBSERVE" -> "mode is observe; calls go where they were going";
            case "NO_ENDPOINTS" -> "no endpoint is ready or serving; calls go where they were going";
            default -> answer;
        };
    }

    private static String balanced(LiveCluster live) {
        TrafficPolicy.Balancer balancer = live.policy().balancer();
        String how = balancer == TrafficPolicy.Balancer.ROUND_ROBIN
                ? "round-robin"
                : "round-robin (" + balancer + " is not available yet)";
        return "calls are balanced by " + how + " over "
                + (live.selected().size() - live.excluded().size()) + " of "
                + live.latest().endpoints().size() + " endpoints";
    }

    private static Explanation.Tried tried(Meaning meaning, boolean holds) {
        String found = switch (meaning.asked().state()) {
            case ASKING, UNANSWERED, OVERDUE -> "unanswered";
            case ABSENT -> "absent";
            case PRESENT -> holds ? "used" : meaning.exists() ? "unused" : "absent";
        };
        return new Explanation.Tried(meaning.asked().name(), meaning.hostname(), found);
    }

    private Status.ClusterStatus cluster(LiveCluster live) {
        Cluster latest = live.latest();
        boolean current = connected && live.isConfirmed();
        List<Status.EndpointStatus> endpoints = latest.endpoints().stream()
                .map(endpoint -> endpoint(endpoint, live))
                .toList();
        return new Status.ClusterStatus(
                latest.name(),
                live.askedAs().stream().map(Asked::name).toList(),
                latest.addresses(),
                Mode.mostCautious(callerMode, live.policy().mode()),
                latest.policy(),
                live.selection().rule(),
                current,
                current ? Duration.ZERO : Duration.ofNanos(nowNanos - live.seenNanos()),
                !live.mayConnect(),
                live.isPanic(),
                endpoints);
    }

    private static Status.EndpointStatus endpoint(Endpoint endpoint, LiveCluster live) {
        Status.EndpointState state = live.state(endpoint);
        TrackedSubchannel subchannel = live.subchannel(endpoint);
        if (subchannel == null) {
            String why = switch (state) {
                case TERMINATING -> "terminating";
                case NOT_READY -> "not ready";
                default -> "kept for other callers (" + live.selection().rule() + ")";
            };
            return new Status.EndpointStatus(endpoint, state, false, why, 0, 0, 0);
        }
        boolean picked = !live.excluded().contains(subchannel);
        return new Status.EndpointStatus(
                endpoint,
                state,
                picked,
                why(endpoint, subchannel.health(), picked),
                subchannel.inFlight(),
                subchannel.successes(),
                subchannel.failures());
    }

    private static String why(Endpoint endpoint, Health health, boolean picked) {
        String words = health.cause().words();
        String why = switch (health.state()) {
            case READY -> endpoint.ready() ? "ready" : "terminating, but still serving and none is ready";
            case SUSPECT -> words + "; one call at a time finds out";
            case EJECTED -> words + "; left alone for " + seconds(health.ejectedFor());
            case PROBING -> words + "; the next call finds out whether it is well again";
        };
        return picked && health.state() != Health.State.READY ? why + ", but too few others are left" : why;
    }

    private static String seconds(Duration duration) {
        return String.format(Locale.ROOT, "%.1f s", duration.toMillis() / 1e3);
    }
}
