package dev.sidestep.balancing;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;

/**
 * How many retries the calls of one cluster may have: a share of the calls of the last ten seconds, and ten a second besides,
 * so that retries help a cluster with one bad endpoint and cannot multiply the load on one that fails altogether. Finagle's
 * budget; what is not spent expires. For any thread, without a lock: asked only when a call has failed.
 */
final class RetryBudget {
    private static final double WINDOW_SECONDS = 10;
    private static final double ALWAYS_PER_SECOND = 10;

    private record Balance(double tokens, long atNanos, int calls) {}

    private final AtomicReference<Balance> balance;

    /** @param calls a count of calls, which may wrap around, as it stands */
    RetryBudget(long nowNanos, int calls) {
        balance = new AtomicReference<>(new Balance(ALWAYS_PER_SECOND * WINDOW_SECONDS, nowNanos, calls));
    }

    /**
     * Takes one retry, if there is one.
     *
     * @param calls the same count, now
     * @param percent retries allowed per 100 calls
     */
    boolean take(long nowNanos, int calls, int percent) {
        while (true) {
            Balance last = Objects.requireNonNull(balance.get());
            double elapsed = Math.max(0, (nowNanos - last.atNanos()) / 1e9);
            double recent = elapsed <= WINDOW_SECONDS ? 1 : WINDOW_SECONDS / elapsed;
            double kept = last.tokens() * Math.max(0, 1 - elapsed / WINDOW_SECONDS);
            double tokens = kept
                    + ALWAYS_PER_SECOND * Math.min(elapsed, WINDOW_SECONDS)
                    + Math.max(0, calls - last.calls()) * recent * percent / 100;
            boolean taken = tokens >= 1;
            if (balance.compareAndSet(last, new Balance(taken ? tokens - 1 : tokens, nowNanos, calls))) {
                return taken;
            }
        }
    }
}
