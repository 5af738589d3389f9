package dev.sidestep.control.drain;

import dev.sidestep.control.ads.Acknowledgements;
import dev.sidestep.control.ads.AdsServer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whether the clients of this replica have acknowledged that a pod is leaving; told anew whenever that turns. Confined to
 * the index's owner.
 */
final class LocalWatch {
    private final Departures departures;
    private final AdsServer ads;
    private final PodName pod;
    private final Runnable changed;
    private Runnable stopListening = () -> {};
    private Departures.@Nullable Standing standing;
    private Acknowledgements.@Nullable Watch watch;

    /** @param changed told, in a task of its own or from within {@link #start}'s callers' events, that something turned */
    LocalWatch(Departures departures, AdsServer ads, PodName pod, Runnable changed) {
        this.departures = departures;
        this.ads = ads;
        this.pod = pod;
        this.changed = changed;
    }

    void start() {
        stopListening = departures.listen(pod, () -> {
            if (look()) {
                changed.run();
            }
        });
        look();
    }

    /** Whether there is news. */
    private boolean look() {
        Departures.Standing now = departures.standing(pod);
        if (now.equals(standing)) {
            return false;
        }
        standing = now;
        if (watch != null) {
            watch.close();
            watch = null;
        }
        if (now.leaving() && !now.isNowhere()) {
            watch = ads.acknowledgements().watch(now.places(), changed);
        }
        return true;
    }

    /** Whether no Service selects the pod, or did of late. */
    boolean isNowhere() {
        return standing != null && standing.isNowhere();
    }

    /** Whether no Service has the pod as ready. */
    boolean isLeaving() {
        return standing != null && standing.leaving();
    }

    /** Whether the pod is leaving, and every client of this replica that has to has acknowledged it. */
    boolean isAcknowledged() {
        return isLeaving() && (watch == null || watch.isComplete());
    }

    /** How many clients have not acknowledged that the pod is leaving. */
    int owing() {
        return watch == null ? 0 : watch.owing();
    }

    /** Some of them, by their ids. */
    List<String> clients(int most) {
        return watch == null ? List.of() : watch.clients(most);
    }

    /** Watches no longer. */
    void close() {
        stopListening.run();
        if (watch != null) {
            watch.close();
        }
    }
}
