package dev.sidestep.sidecar.pool;

import dev.sidestep.balancing.Subchannel;
import dev.sidestep.sidecar.loop.LoopContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The connections of one event loop to all endpoints. The one used last is used next, so that those a burst has opened
 * fall idle and close. Confined to the event loop.
 */
public final class ConnectionPool {
    private static final long SWEEP_MILLIS = 500;

    private final LoopContext loop;
    private final Supplier<? extends PooledConnection> connections;
    private final Map<Subchannel, EndpointPool> pools = new HashMap<>();
    private boolean sweeping;

    /**
     * Opens nothing yet.
     *
     * @param connections makes the handler of each new connection
     */
    public ConnectionPool(LoopContext loop, Supplier<? extends PooledConnection> connections) {
        this.loop = loop;
        this.connections = connections;
        loop.onHung(this::hung);
    }

    private void hung(Subchannel endpoint) {
        EndpointPool pool = pools.get(endpoint);
        if (pool != null) {
            pool.hung();
        }
    }

    /**
     * Takes an idle connection to {@code endpoint}; null if there is none.
     *
     * @param certain whether to ask the kernel that the peer has not closed it: worth a system call where the request
     *     could not be sent twice
     */
    public @Nullable PooledConnection idle(Subchannel endpoint, boolean certain) {
        EndpointPool pool = pools.get(endpoint);
        return pool == null ? null : pool.idle(certain);
    }

    /** Opens a connection to {@code endpoint}, or waits for one to fall idle, for {@code waiter}. */
    public void connect(Subchannel endpoint, Duration timeout, Waiter waiter) {
        EndpointPool pool = pools.computeIfAbsent(endpoint, made -> new EndpointPool(loop, made, connections));
        pool.connect(timeout, waiter);
        sweepLater();
    }

    /** {@code waiter} no longer waits for {@code endpoint}. */
    public void giveUp(Subchannel endpoint, Waiter waiter) {
        EndpointPool pool = pools.get(endpoint);
        if (pool != null) {
            pool.giveUp(waiter);
        }
    }

    /** Gives back a connection that can carry another exchange. */
    public void release(PooledConnection connection) {
        EndpointPool pool = connection.pool;
        if (pool == null) {
            connection.channel().close();
        } else {
            pool.release(connection);
            sweepLater();
        }
    }

    private void sweepLater() {
        if (!sweeping) {
            sweeping = true;
            loop.eventLoop().schedule(this::sweep, SWEEP_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private void sweep() {
        sweeping = false;
        long nowNanos = loop.nanoTime();
        for (EndpointPool pool : new ArrayList<>(pools.values())) {
            pool.sweep(nowNanos);
        }
        pools.values().removeIf(EndpointPool::isEmpty);
        if (!pools.isEmpty()) {
            sweepLater();
        }
    }
}
