package dev.sidestep.load;

import java.util.concurrent.atomic.LongAdder;

/**
 * Counts the attempts of a process on one endpoint of one Service port. Any thread. Each attempt calls {@link #started}
 * once and {@link #ended} once.
 */
public final class EndpointLoad {
    /** Counts nothing. */
    static final EndpointLoad NONE = new EndpointLoad(false);

    private final boolean counts;
    private final LongAdder issued = new LongAdder();
    private final LongAdder succeeded = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder over = new LongAdder();
    private final LongAdder nanos = new LongAdder();

    private volatile boolean dropped;

    // Confined to whoever takes.
    private Taken taken = new Taken(0, 0, 0, 0, 0);
    private int idleTakes;

    private record Taken(long issued, long succeeded, long failed, long over, long nanos) {}

    /** How an attempt ended. */
    public enum End {
        SUCCEEDED,
        /** The server answered that it failed, or did not answer. */
        FAILED,
        /** The caller gave up, or nothing of it was sent: neither of both. */
        DROPPED
    }

    EndpointLoad() {
        this(true);
    }

    private EndpointLoad(boolean counts) {
        this.counts = counts;
    }

    /** An attempt begins. */
    public void started() {
        if (counts) {
            issued.increment();
        }
    }

    /**
     * An attempt is over.
     *
     * @param duration from {@link #started} to the first byte of the response, or to the end without
     *     one, in nanoseconds
     */
    public void ended(End end, long duration) {
        if (!counts) {
            return;
        }
        over.increment();
        if (end == End.SUCCEEDED) {
            succeeded.increment();
            nanos.add(duration);
        } else if (end == End.FAILED) {
            failed.increment();
            nanos.add(duration);
        }
    }

    /** What was counted since the last call. */
    LoadReport.Calls take() {
        // What began is read last: no attempt ends that has not begun.
        long nowOver = over.sum();
        var now = new Taken(issued.sum(), succeeded.sum(), failed.sum(), nowOver, nanos.sum());
        var calls = new LoadReport.Calls(
                now.issued - taken.issued,
                now.succeeded - taken.succeeded,
                now.failed - taken.failed,
                Math.max(0, now.issued - now.over),
                now.nanos - taken.nanos);
        taken = now;
        idleTakes = calls.isNothing() ? idleTakes + 1 : 0;
        return calls;
    }

    /** Nobody asks any more what is counted here. */
    void drop() {
        dropped = true;
    }

    /** Whether what is counted here from now on is lost: it was idle for long, and there is a new one for its address. */
    public boolean isDropped() {
        return dropped;
    }

    /** For how many calls of {@link #take} in a row there was nothing. */
    int idleTakes() {
        return idleTakes;
    }
}
