package dev.sidestep.examples.frontend;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A steady beat from a common start, until stopped. One for each thread that keeps it; {@code stop} is shared. */
final class Ticks {
    private final long startNanos;
    private final long periodNanos;
    private final CountDownLatch stop;
    private long tick = -1;

    Ticks(long startNanos, long periodNanos, CountDownLatch stop) {
        this.startNanos = startNanos;
        this.periodNanos = periodNanos;
        this.stop = stop;
    }

    /** Waits for the next tick that is still to come, and gives its number; -1 once stopped. */
    long next() throws InterruptedException {
        long elapsed = System.nanoTime() - startNanos;
        tick = Math.max(tick + 1, Math.floorDiv(elapsed, periodNanos) + 1);
        return stop.await(tick * periodNanos - elapsed, TimeUnit.NANOSECONDS) ? -1 : tick;
    }
}
