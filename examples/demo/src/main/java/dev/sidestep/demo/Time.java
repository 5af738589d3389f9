package dev.sidestep.demo;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.function.BooleanSupplier;

/** Real time, in the unit of the children's logs: microseconds since 1970, the one clock that all processes share. */
final class Time {
    static final long SECOND = 1_000_000;

    private Time() {}

    static long nowMicros() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    }

    static void sleep(Duration duration) throws InterruptedException {
        Thread.sleep(duration.toMillis());
    }

    /** Whether {@code condition} became true within {@code limit}. */
    static boolean await(Duration limit, BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                return false;
            }
            Thread.sleep(20);
        }
        return true;
    }

    static String seconds(long micros) {
        return String.format(Locale.ROOT, "%.2f s", (double) micros / SECOND);
    }
}
