package dev.sidestep.agent;

import dev.sidestep.agent.boot.Call;
import dev.sidestep.balancing.Destination;
import dev.sidestep.balancing.Subchannel;
import dev.sidestep.concurrent.SerialExecutor.Cancellable;
import java.io.IOException;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One attempt that waits for the first byte of its response, and is given up where others may do better or its time is over.
 * What is given up may be made again if the policy lets it and the budget had a retry left then.
 */
final class WaitingAttempt {
    /** How long an attempt that cannot be given up at this moment has until the next try. */
    private static final Duration NEXT_TRY = Duration.ofMillis(100);

    private final Destination destination;
    private final Subchannel subchannel;
    private final boolean idempotent;
    private final int number;
    private final Call.Attempt attempt;
    private final Engine engine;
    private volatile boolean over;
    private volatile boolean granted;
    private volatile boolean late;
    private volatile @Nullable Cancellable timer;

    /**
     * @param idempotent whether its method is GET, HEAD or OPTIONS
     * @param number how many attempts of its call there are with it
     * @param attempt gives it up
     */
    WaitingAttempt(
            Destination destination,
            Subchannel subchannel,
            boolean idempotent,
            int number,
            Call.Attempt attempt,
            Engine engine) {
        this.destination = destination;
        this.subchannel = subchannel;
        this.idempotent = idempotent;
        this.number = number;
        this.attempt = attempt;
        this.engine = engine;
    }

    /**
     * Watches the time.
     *
     * @param nanos what the attempt has
     * @param last whether that is all that its call has
     */
    void limit(long nanos, boolean last) {
        timer = engine.schedule(Duration.ofNanos(nanos), () -> timeOut(nanos, last));
    }

    /** On the engine's thread: {@code hung} does not answer. */
    void moveFrom(Subchannel hung) {
        if (subchannel == hung && !over && isGranted()) {
            attempt.giveUp(new IOException("the endpoint does not answer"), false);
        }
    }

    private void timeOut(long nanos, boolean last) {
        if (over) {
            return;
        }
        if (!last && isGranted()) {
            attempt.giveUp(
                    new IOException("no response within " + TimeUnit.NANOSECONDS.toMillis(nanos) + " ms"), false);
            timer = engine.schedule(NEXT_TRY, () -> timeOut(nanos, false));
        } else {
            late = true;
            attempt.giveUp(new HttpTimeoutException("request timed out"), true);
        }
    }

    private boolean isGranted() {
        if (!granted) {
            granted = destination.mayRetry(false, idempotent, number);
        }
        return granted;
    }

    /** Nobody waits for it any more. */
    void end() {
        over = true;
        Cancellable scheduled = timer;
        if (scheduled != null) {
            scheduled.cancel();
        }
    }

    /** Whether another attempt was granted in its place. */
    boolean wasGranted() {
        return granted;
    }

    /** Whether it ended because all the time was over that the policy gives it or its call. */
    boolean wasLate() {
        return late;
    }
}
