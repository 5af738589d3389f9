package dev.sidestep.balancing;

import java.util.concurrent.atomic.AtomicInteger;

/** Whose turn it is among the endpoints of a cluster. Outlives pickers, so that an update does not restart the round. Any thread. */
final class Cursor {
    private final AtomicInteger turns;
    private final AtomicInteger ofRetries = new AtomicInteger();

    /** @param start where the first round begins */
    Cursor(int start) {
        turns = new AtomicInteger(start);
    }

    /** The next turn; wraps around. */
    int next() {
        return turns.getAndIncrement();
    }

    /** The next turn, for a call that had one already. */
    int nextForRetry() {
        ofRetries.getAndIncrement();
        return turns.getAndIncrement();
    }

    /** Calls so far, from an arbitrary number on; wraps around. */
    int calls() {
        return turns.get() - ofRetries.get();
    }
}
