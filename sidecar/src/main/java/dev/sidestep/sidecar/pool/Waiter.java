package dev.sidestep.sidecar.pool;

import dev.sidestep.balancing.Reason;

/** A call that waits for a connection. Hears exactly one of the two, on the event loop, unless it gave up before. */
public interface Waiter {
    /** It may use {@code connection} now; gives it back by {@link ConnectionPool#release} or closes it. */
    void onConnection(PooledConnection connection);

    /** There is none: {@link Reason#CONNECT_FAILED}, {@link Reason#CONNECT_TIMEOUT} or {@link Reason#QUEUE_FULL}. */
    void onNoConnection(Reason reason);

    /** The endpoint does not answer: who can go elsewhere gives up and does, who cannot waits on. */
    void onHung();
}
