package dev.sidestep.balancing;

import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * How long successes took to their first byte, in buckets of half an octave from 64 µs to 34 s. One increment a success; it
 * counts them too. {@link #record} is for any thread, all else confined to the owner.
 *
 * <p>The shape is that of the last one to two turns: a slow start, or a bad minute, must not pass for the normal for long.
 */
final class Latencies {
    private static final int BUCKETS = 40;
    private static final int UNIT_BITS = 15; // 33 µs

    // Each may wrap around: only differences are read.
    private final AtomicIntegerArray counts = new AtomicIntegerArray(BUCKETS);
    private int[] atLastTurn = new int[BUCKETS];
    private int[] atTurnBefore = new int[BUCKETS];
    private long totalAtLastTurn;

    void record(long nanos) {
        counts.getAndIncrement(bucket(nanos));
    }

    /** How many were ever recorded. */
    long total() {
        long total = totalAtLastTurn;
        for (int i = 0; i < BUCKETS; i++) {
            total += Integer.toUnsignedLong(counts.get(i) - atLastTurn[i]);
        }
        return total;
    }

    /** Forgets the shape of what was recorded before the last turn. */
    void turn() {
        int[] next = atTurnBefore;
        for (int i = 0; i < BUCKETS; i++) {
            int count = counts.get(i);
            totalAtLastTurn += Integer.toUnsignedLong(count - atLastTurn[i]);
            next[i] = count;
        }
        atTurnBefore = atLastTurn;
        atLastTurn = next;
    }

    /** Adds what was recorded since the turn before the last to {@code sums}. */
    void addTo(long[] sums) {
        for (int i = 0; i < BUCKETS; i++) {
            sums[i] += Integer.toUnsignedLong(counts.get(i) - atTurnBefore[i]);
        }
    }

    /** As many zeros as {@link #addTo} takes. */
    static long[] none() {
        return new long[BUCKETS];
    }

    /** The latency that 99 of 100 of {@code sums} stay below, in nanoseconds; zero of none. */
    static long p99(long[] sums) {
        long total = 0;
        for (long sum : sums) {
            total += sum;
        }
        long above = total / 100;
        for (int i = BUCKETS - 1; i >= 0; i--) {
            above -= sums[i];
            if (above < 0) {
                return upperBound(i);
            }
        }
        return 0;
    }

    private static int bucket(long nanos) {
        long units = nanos >>> UNIT_BITS;
        if (nanos < 0 || units < 2) {
            return 0;
        }
        int octave = 63 - Long.numberOfLeadingZeros(units); // 1 or more
        int half = (int) (units >>> (octave - 1)) & 1;
        return Math.min(BUCKETS - 1, 1 + (octave - 1) * 2 + half);
    }

    private static long upperBound(int bucket) {
        if (bucket == 0) {
            return 2L << UNIT_BITS;
        }
        int octave = (bucket - 1) / 2;
        int half = (bucket - 1) % 2;
        return (3L + half) << octave << UNIT_BITS;
    }
}
