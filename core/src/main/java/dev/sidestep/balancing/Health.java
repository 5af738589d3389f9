package dev.sidestep.balancing;

import dev.sidestep.concurrent.SerialExecutor;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What is thought of one endpoint. Confined to the owner.
 *
 * <p>The breaker is resilience4j's, as the state machine only: closed, open for as long as we say, half open for one probe.
 * It is made when it is first opened and never sees a success of a healthy endpoint, which would cost it 26 ns, 40 bytes and
 * a lock at best; what it is opened for is counted by {@link TrackedSubchannel} and decided by {@link Judge}.
 */
final class Health {
    /** A level of ejection is forgotten for each such time without one. */
    private static final Duration FORGIVEN = Duration.ofSeconds(10);

    private static final int SECONDS = 10;

    /** Why it is left alone. */
    enum Cause {
        CONNECT("cannot be connected to"),
        SILENT("does not answer"),
        FAILURES("failed several calls in a row"),
        RATE("failed most calls of the last ten seconds");

        private final String words;

        Cause(String words) {
            this.words = words;
        }

        String words() {
            return words;
        }

        /** Whether no call can have succeeded; a fault of the application is never that. */
        boolean isHard() {
            return this == CONNECT || this == SILENT;
        }
    }

    /** What stands between it and a pick. */
    enum State {
        READY,
        SUSPECT,
        EJECTED,
        PROBING
    }

    private final SerialExecutor owner;
    private final String name;
    private State state = State.READY;
    private Cause cause = Cause.FAILURES;
    private long sinceNanos;
    private long successesThen;
    private int level;
    private @Nullable CircuitBreaker breaker;
    private Duration ejectedFor = Duration.ZERO;
    private int silences;
    private long lastSilenceNanos;
    private boolean moved;
    private long movedNanos;
    private boolean probeTaken;
    private long probeTakenNanos;

    // Totals as they were at each of the last ten seconds; the oldest is next to be replaced.
    private final long[] successesAt = new long[SECONDS];
    private final int[] failuresAt = new int[SECONDS];
    private int oldest;

    Health(SerialExecutor owner, String name) {
        this.owner = owner;
        this.name = name;
        sinceNanos = owner.nanoTime();
    }

    /** Any thread. */
    long nanoTime() {
        return owner.nanoTime();
    }

    State state() {
        return state;
    }

    /** Why it is not ready, or last was not. */
    Cause cause() {
        return cause;
    }

    /** Since when the state holds. */
    long sinceNanos() {
        return sinceNanos;
    }

    /** How long it is left alone, when ejected. */
    Duration ejectedFor() {
        return ejectedFor;
    }

    /** Another second has passed. */
    void tick(long successes, int failures) {
        successesAt[oldest] = successes;
        failuresAt[oldest] = failures;
        oldest = (oldest + 1) % SECONDS;
    }

    /** How many of the last ten seconds' calls failed. */
    int recentFailures(int failures) {
        return failures - failuresAt[oldest];
    }

    /** How many calls of the last ten seconds succeeded. */
    long recentSuccesses(long successes) {
        return successes - successesAt[oldest];
    }

    /** How many calls succeeded since the state holds. */
    long successesSince(long successes) {
        return successes - successesThen;
    }

    void suspect(long successes) {
        cause = Cause.SILENT;
        silences = 1;
        lastSilenceNanos = nanoTime();
        enter(State.SUSPECT, successes);
    }

    /** While it is suspect, somebody waits for it since {@code sinceNanos}: too long if that is yet another silence. */
    void silence(long sinceNanos, long patienceNanos) {
        long from = lastSilenceNanos - sinceNanos > 0 ? lastSilenceNanos : sinceNanos;
        if (nanoTime() - from >= patienceNanos) {
            silences++;
            lastSilenceNanos = nanoTime();
        }
    }

    /** How often it was silent for too long, the one that made it suspect included. */
    int silences() {
        return silences;
    }

    /** Whether it is time that what waits for it is moved elsewhere: once in this state, and again after {@code patienceNanos}. */
    boolean takeMove(long patienceNanos) {
        long now = nanoTime();
        if (moved && now - movedNanos < patienceNanos) {
            return false;
        }
        moved = true;
        movedNanos = now;
        return true;
    }

    /** A call has taken the probe. */
    void probeTaken() {
        if (!probeTaken) {
            probeTaken = true;
            probeTakenNanos = nanoTime();
        }
    }

    /** When that was first seen. */
    long probeTakenNanos() {
        return probeTakenNanos;
    }

    /** The probe came to nothing: another takes its place. */
    void probeLost() {
        probeTaken = false;
        if (breaker != null) {
            breaker.releasePermission();
            breaker.tryAcquirePermission();
        }
    }

    /**
     * Leaves it alone, for twice as long as the last time unless it was well for a while since.
     *
     * @param spread 0 to 1: clients that ejected it together do not all come back together
     */
    void eject(Cause why, Duration base, Duration max, double spread, long successes) {
        if (state == State.READY) {
            level = (int) Math.max(0, level - (nanoTime() - sinceNanos) / FORGIVEN.toNanos());
        }
        double nanos = Math.scalb((double) base.toNanos(), level) * (1 + spread / 4);
        ejectedFor = Duration.ofNanos(Math.min((long) nanos, max.toNanos()));
        level = Math.min(level + 1, 30);
        cause = why;
        CircuitBreaker opened = breaker;
        if (opened == null) {
            opened = CircuitBreaker.of(name, config(owner));
            breaker = opened;
        }
        opened.transitionToOpenStateFor(ejectedFor);
        enter(State.EJECTED, successes);
    }

    /** Whether the ejection is over, so that one probe may go; it is ours to give to a call then. */
    boolean tryProbe(long successes) {
        if (breaker == null || !breaker.tryAcquirePermission()) {
            return false;
        }
        enter(State.PROBING, successes);
        return true;
    }

    /** There is a sign of life: the probe may go now. */
    void probeEarly(long successes) {
        if (breaker != null) {
            breaker.transitionToHalfOpenState();
            tryProbe(successes);
        }
    }

    /** It is well. */
    void readmit(long successes, int failures) {
        if (breaker != null && state == State.PROBING) {
            breaker.onSuccess(0, TimeUnit.NANOSECONDS);
        }
        for (int i = 0; i < SECONDS; i++) {
            successesAt[i] = successes; // What it did before it was left alone must not count again.
            failuresAt[i] = failures;
        }
        enter(State.READY, successes);
    }

    private void enter(State next, long successes) {
        owner.checkCurrent();
        state = next;
        probeTaken = false;
        moved = false;
        sinceNanos = owner.nanoTime();
        successesThen = successes;
    }

    private static CircuitBreakerConfig config(SerialExecutor owner) {
        return CircuitBreakerConfig.custom()
                .clock(new OwnerClock(owner))
                .slidingWindow(
                        1,
                        1,
                        CircuitBreakerConfig.SlidingWindowType.COUNT_BASED,
                        CircuitBreakerConfig.SlidingWindowSynchronizationStrategy.SYNCHRONIZED)
                .permittedNumberOfCallsInHalfOpenState(1)
                .build();
    }

    /** The owner's clock, from an epoch of its own: only differences count. */
    private static final class OwnerClock extends Clock {
        private final SerialExecutor owner;
        private final long startNanos;

        OwnerClock(SerialExecutor owner) {
            this.owner = owner;
            startNanos = owner.nanoTime();
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return Instant.EPOCH.plusNanos(owner.nanoTime() - startNanos);
        }
    }
}
