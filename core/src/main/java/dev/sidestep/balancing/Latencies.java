package dev.sidestep.balancing;

import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * How long successes took to their first byte, in buckets of a quarter of an octave from 16 µs to 34 s. One increment a
 * success; it counts them too. {@link #record} is for any thread, all else confined to the owner.
 */
final class Latencies {
    private static final int BUCKETS = 80;
    private static final int UNIT_BITS = 14; // 16 µs

    private final AtomicIntegerArray counts = new AtomicIntegerArray(BUCKETS);
    private long faded;

    void record(long nanos) {
        counts.getAndIncrement(bucket(nanos));
    }

    /** How many were ever recorded. */
    long total() {
        return faded + recent();
    }

    /** How many of them have not faded. */
    long recent() {
        long recent = 0;
        for (int i = 0; i < BUCKETS; i++) {
            recent += Integer.toUnsignedLong(counts.get(i));
        }
        return recent;
    }

    /** Halves the weight of what was recorded so far, so that what comes next counts more; the last of a kind stays. */
    void fade() {
        for (int i = 0; i < BUCKETS; i++) {
            drop(i, counts.get(i) >>> 1);
        }
    }

    /** Leaves a quarter of what was recorded so far, and of rare things nothing. */
    void fadeFast() {
        for (int i = 0; i < BUCKETS; i++) {
            int count = counts.get(i);
            drop(i, count - (count >>> 2));
        }
    }

    private void drop(int bucket, int count) {
        if (count != 0) {
            counts.getAndAdd(bucket, -count);
            faded += count;
        }
    }

    /** Adds what was recorded, as far as it has not faded, to {@code sums}. */
    void addTo(long[] sums) {
        for (int i = 0; i < BUCKETS; i++) {
            sums[i] += Integer.toUnsignedLong(counts.get(i));
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
        if (nanos < 0 || units < 4) {
            return 0;
        }
        int octave = 63 - Long.numberOfLeadingZeros(units); // 2 or more
        int quarter = (int) (units >>> (octave - 2)) & 3;
        return Math.min(BUCKETS - 1, 1 + (octave - 2) * 4 + quarter);
    }

    private static long upperBound(int bucket) {
        if (bucket == 0) {
            return 4L << UNIT_BITS;
        }
        int octave = (bucket - 1) / 4;
        int quarter = (bucket - 1) % 4;
        return (5L + quarter) << octave << UNIT_BITS;
    }
}
