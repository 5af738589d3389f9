package dev.sidestep.e2e;

import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** The time of this machine. */
public final class Clocks {
    private Clocks() {}

    /** Microseconds since 1970. */
    public static long micros() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    }
}
