package dev.sidestep.control.auth;

import dev.sidestep.concurrent.VirtualTimeExecutor;
import java.time.Instant;
import java.time.InstantSource;

/** The wall clock of a test: that of now when it begins, moved by virtual time. */
final class VirtualClock implements InstantSource {
    private final Instant start;
    private final VirtualTimeExecutor executor;

    VirtualClock(VirtualTimeExecutor executor) {
        this.executor = executor;
        // Certificates know only whole seconds.
        this.start = Instant.ofEpochSecond(Instant.now().getEpochSecond());
    }

    @Override
    public Instant instant() {
        return start.plusNanos(executor.nanoTime());
    }
}
