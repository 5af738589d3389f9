package dev.sidestep.discovery;

import java.time.Duration;
import java.util.function.DoubleSupplier;

/**
 * How long to wait before the next attempt: anything up to a bound that doubles. All of the wait is drawn, so that clients
 * who lost the same server spread over the whole time ("full jitter", Brooker, "Exponential Backoff and Jitter", 2015).
 */
final class Backoff {
    /** The first one is short: most streams end because one of several replicas was replaced. */
    private static final Duration FIRST = Duration.ofMillis(250);

    private static final Duration LONGEST = Duration.ofSeconds(10);

    private final DoubleSupplier random; // 0 to below 1
    private Duration bound = FIRST;

    Backoff(DoubleSupplier random) {
        this.random = random;
    }

    Duration next() {
        Duration drawn = Duration.ofNanos((long) (bound.toNanos() * random.getAsDouble()));
        Duration doubled = bound.multipliedBy(2);
        bound = doubled.compareTo(LONGEST) < 0 ? doubled : LONGEST;
        return drawn;
    }

    /** The server has answered well. That a connection stood is no reason: it may be refused again right after. */
    void reset() {
        bound = FIRST;
    }
}
