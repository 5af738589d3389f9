package dev.sidestep.sidecar.loop;

import static java.util.Objects.requireNonNull;

import dev.sidestep.balancing.Reason;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Counts the calls of one event loop to one host and port. Written by that loop alone, so an increment is a plain add
 * and an ordered store; read by any thread.
 */
public final class CallStats {
    /** Upper bounds of the duration buckets, in seconds; one more bucket holds what is longer. */
    private static final double[] BUCKETS = {
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10
    };

    private static final long[] BUCKET_NANOS = new long[BUCKETS.length];

    static {
        for (int i = 0; i < BUCKETS.length; i++) {
            BUCKET_NANOS[i] = (long) (BUCKETS[i] * 1e9);
        }
    }

    /** Upper bounds of the duration buckets, in seconds; one more bucket holds what is longer. */
    public static double[] bucketSeconds() {
        return BUCKETS.clone();
    }

    /** Calls by class of status: index 1 is 1xx to index 5, 5xx; 0 those that ended without one. */
    private final AtomicLongArray byClass = new AtomicLongArray(6);

    private final Map<Reason, AtomicLong> fallbacks = new EnumMap<>(Reason.class); // Filled once, read by all.
    private final Map<Reason, AtomicLong> failures = new EnumMap<>(Reason.class); // Filled once, read by all.
    private final AtomicLongArray durations = new AtomicLongArray(BUCKETS.length + 1);

    /** Index 0: the sum of all durations in nanoseconds; 1: retries. */
    private final AtomicLongArray sums = new AtomicLongArray(2);

    public CallStats() {
        for (Reason reason : Reason.values()) {
            fallbacks.put(reason, new AtomicLong());
            failures.put(reason, new AtomicLong());
        }
    }

    /**
     * A call is over.
     *
     * @param status the HTTP status its caller saw, or 0 if there was none
     */
    public void ended(int status, long nanos) {
        add(byClass, status >= 100 && status < 600 ? status / 100 : 0, 1);
        int bucket = 0;
        while (bucket < BUCKET_NANOS.length && nanos > BUCKET_NANOS[bucket]) {
            bucket++;
        }
        add(durations, bucket, 1);
        add(sums, 0, nanos);
    }

    /** A call went where it was going, or else was failed by us, for {@code reason}. */
    public void because(Reason reason) {
        if (reason.isFallback()) {
            add(requireNonNull(fallbacks.get(reason)));
        } else {
            failed(reason);
        }
    }

    /** A call was failed by us, for {@code reason}, be it one for which others only fall back. */
    public void failed(Reason reason) {
        add(requireNonNull(failures.get(reason)));
    }

    /** An attempt is made again. */
    public void retried() {
        add(sums, 1, 1);
    }

    public long calls(int statusClass) {
        return byClass.get(statusClass);
    }

    public long fallbacks(Reason reason) {
        return requireNonNull(fallbacks.get(reason)).get();
    }

    public long failures(Reason reason) {
        return requireNonNull(failures.get(reason)).get();
    }

    public long durations(int bucket) {
        return durations.get(bucket);
    }

    public long nanos() {
        return sums.get(0);
    }

    public long retries() {
        return sums.get(1);
    }

    private static void add(AtomicLongArray array, int index, long delta) {
        array.lazySet(index, array.getPlain(index) + delta); // One writer: no read-modify-write needed.
    }

    private static void add(AtomicLong count) {
        count.lazySet(count.getPlain() + 1);
    }
}
