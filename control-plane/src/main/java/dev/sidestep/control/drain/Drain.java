package dev.sidestep.control.drain;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.concurrent.SerialExecutor.Cancellable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One pod's wait for its end: until all clients of all replicas have acknowledged that it is leaving, and a second more for
 * the calls that were on their way. If in that second a client comes from elsewhere that still goes by an older list, the
 * wait goes on. Confined to the index's owner.
 */
final class Drain {
    /** How long calls that were picked before the acknowledgement may take. */
    static final Duration IN_FLIGHT = Duration.ofSeconds(1);

    /**
     * The kubelet runs the hook also before it restarts a container of a pod that stays; such a pod is not marked for
     * deletion, which is seen about when the kubelet sees it. A busy API server may be late to tell us, and to believe a pod
     * to stay that goes would cost its calls; a container that is restarted can wait.
     */
    static final Duration MARKED_BY_NOW = Duration.ofSeconds(5);

    /** How a wait can end. */
    enum Outcome {
        ACKNOWLEDGED,
        /** No Service selects the pod. */
        NOT_SELECTED,
        /** A container ends, but the pod stays. */
        STAYS,
        /** The time is up, and somebody has not acknowledged. */
        CAPPED,
        /** Too many wait. */
        REFUSED
    }

    /**
     * What a wait came to.
     *
     * @param took how long it was
     * @param missing who has not acknowledged, or what else kept it; empty if nothing did
     */
    record Result(Outcome outcome, Duration took, List<String> missing) {}

    private static final int MOST_NAMED = 5;

    private final SerialExecutor owner;
    private final PodName pod;
    private final Duration cap;
    private final BooleanSupplier stays;
    private final Consumer<Result> ended;
    private final long startedNanos;
    private final List<Cancellable> timers = new ArrayList<>();
    private final LocalWatch local;
    private final Peers.@Nullable Watch others;
    private @Nullable Cancellable settling;
    private boolean over;

    /**
     * @param cap how long it takes at most
     * @param stays whether the pod is known not to be marked for deletion
     * @param ended told once
     */
    Drain(
            SerialExecutor owner,
            Drains.Views views,
            PodName pod,
            Duration cap,
            BooleanSupplier stays,
            Consumer<Result> ended) {
        this.owner = owner;
        this.pod = pod;
        this.cap = cap;
        this.stays = stays;
        this.ended = ended;
        startedNanos = owner.nanoTime();
        local = new LocalWatch(views.departures(), views.ads(), pod, this::look);
        Peers peers = views.peers();
        others = peers == null ? null : peers.watch(pod, this::look);
    }

    void start() {
        local.start();
        timers.add(owner.schedule(cap, () -> end(Outcome.CAPPED)));
        timers.add(owner.schedule(MARKED_BY_NOW, () -> {
            if (!local.isLeaving() && stays.getAsBoolean()) {
                end(Outcome.STAYS);
            }
        }));
        look();
    }

    PodName pod() {
        return pod;
    }

    private void look() {
        if (over) {
            return;
        }
        if (local.isNowhere()) {
            end(Outcome.NOT_SELECTED);
        } else if (!local.isAcknowledged() || (others != null && !others.isAcknowledged())) {
            if (settling != null) {
                settling.cancel();
                settling = null;
            }
        } else if (settling == null) {
            settling = owner.schedule(IN_FLIGHT, () -> end(Outcome.ACKNOWLEDGED));
        }
    }

    /** Ends it, and tells nobody. More than once is harmless. */
    void cancel() {
        over = true;
        if (settling != null) {
            settling.cancel();
        }
        timers.forEach(Cancellable::cancel);
        local.close();
        if (others != null) {
            others.close();
        }
    }

    private void end(Outcome outcome) {
        if (over) {
            return;
        }
        var result = new Result(outcome, Duration.ofNanos(owner.nanoTime() - startedNanos), missing());
        cancel();
        ended.accept(result);
    }

    private List<String> missing() {
        var missing = new ArrayList<String>();
        if (!local.isLeaving()) {
            missing.add("its EndpointSlices have it as ready");
        } else if (!local.isAcknowledged()) {
            missing.add(
                    local.owing() + " clients have not acknowledged: " + String.join(", ", local.clients(MOST_NAMED)));
        }
        if (others != null) {
            missing.addAll(others.missing());
        }
        if (missing.isEmpty() && settling != null) {
            missing.add("calls may still be on their way");
        }
        return missing;
    }
}
