package dev.sidestep.sidecar.http2;

import java.util.concurrent.TimeUnit;

/**
 * Judges by PINGs whether the process behind a connection still runs. Asked for only while calls are open.
 *
 * <p>Two silences, two answers. After a second without an answer the connection is left alone, and calls that can be made
 * elsewhere are. It is closed only after {@link #DEAD_NANOS}, gRPC's own keep-alive time-out: a server in a long garbage
 * collection answers late, and without us its callers would have waited for it.
 *
 * <p>Confined to the connection's event loop.
 */
final class Liveness {
    private static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long ANSWER_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long DEAD_NANOS = TimeUnit.SECONDS.toNanos(20);

    /** gRPC servers close a connection on its fourth PING within five minutes in which they send no HEADERS or DATA. */
    private static final int FREE_PINGS = 3;

    private static final long SPARSE_NANOS = TimeUnit.SECONDS.toNanos(310);

    private long quietSince;
    private long pingedAt;
    private boolean awaiting;
    private boolean silent;
    private int pingsSinceServed;

    /** What to do about the connection. */
    enum Verdict {
        FINE,
        /** Send a PING. */
        PING,
        /** It did not answer the last one: give it no call, and take back those that can be made elsewhere. */
        SILENT,
        /** Close it. */
        DEAD
    }

    Liveness(long now) {
        quietSince = now;
        pingedAt = now;
    }

    /** Bytes came. */
    void bytes(long now) {
        quietSince = now;
        awaiting = false;
        silent = false;
    }

    /** A response's HEADERS or DATA came. */
    void served() {
        pingsSinceServed = 0;
    }

    /** The first call after none. */
    void busy(long now) {
        quietSince = now;
    }

    boolean silent() {
        return silent;
    }

    Verdict check(long now) {
        if (awaiting) {
            long unanswered = now - pingedAt;
            if (unanswered > DEAD_NANOS) {
                return Verdict.DEAD;
            }
            silent |= unanswered > ANSWER_NANOS;
            return silent ? Verdict.SILENT : Verdict.FINE;
        }
        // 1 s, 4 s and 16 s after the last one, then seldom.
        long pause = pingsSinceServed < FREE_PINGS ? QUIET_NANOS << (2 * pingsSinceServed) : SPARSE_NANOS;
        if (now - quietSince < QUIET_NANOS || (pingsSinceServed > 0 && now - pingedAt < pause)) {
            return Verdict.FINE;
        }
        awaiting = true;
        pingedAt = now;
        pingsSinceServed++;
        return Verdict.PING;
    }
}
