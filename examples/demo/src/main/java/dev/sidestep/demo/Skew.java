package dev.sidestep.demo;

/**
 * How far the clock of a pod's node is from ours, as far as the pod's log can tell: a line cannot come before it was
 * written, nor, of those written at once, does each take long. Clocks that agree as far as that goes are left alone. For
 * one thread.
 */
final class Skew {
    /** Slower than this no log was seen to be while it was followed. */
    private static final long LOG_MICROS = 250_000;

    private long least = Long.MAX_VALUE;

    /** What to add to the pod's times; {@code written} in a line that came at {@code now}. */
    long after(long written, long now) {
        least = Math.min(least, now - written);
        return least >= 0 && least <= LOG_MICROS ? 0 : least;
    }
}
