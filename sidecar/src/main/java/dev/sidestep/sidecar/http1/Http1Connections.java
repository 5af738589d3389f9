package dev.sidestep.sidecar.http1;

import dev.sidestep.sidecar.loop.LoopContext;
import dev.sidestep.sidecar.outbound.OriginalDestination;
import dev.sidestep.sidecar.outbound.Takeover;
import dev.sidestep.sidecar.pool.ConnectionPool;
import dev.sidestep.sidecar.tcp.TcpConnections;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Takes over the HTTP/1 connections of one event loop, and holds what they share: the pool, and the clock that ends those
 * that are slow or idle. Confined to the event loop.
 */
public final class Http1Connections implements Takeover {
    private static final long SWEEP_MILLIS = 500;

    private final LoopContext loop;
    private final ConnectRequest connectRequest;
    private final ConnectionPool pool;
    private final byte[] scratch;
    private final Set<ClientConnection> connections = new LinkedHashSet<>();
    private boolean sweeping;

    /**
     * Opens nothing yet.
     *
     * @param inside takes what comes through a tunnel that may be ours
     */
    public Http1Connections(LoopContext loop, TcpConnections tcp, Takeover inside) {
        this.loop = loop;
        connectRequest = new ConnectRequest(loop, tcp, inside);
        scratch = new byte[loop.limits().headBytes()];
        pool = new ConnectionPool(loop, this::upstream);
    }

    @Override
    public void take(Channel client, ByteBuf firstBytes, OriginalDestination origin) {
        var connection = new ClientConnection(this, client, origin);
        connections.add(connection);
        sweepLater();
        connection.start(firstBytes);
    }

    LoopContext loop() {
        return loop;
    }

    ConnectRequest connectRequest() {
        return connectRequest;
    }

    ConnectionPool pool() {
        return pool;
    }

    HeadReader headReader() {
        return new HeadReader(scratch);
    }

    Upstream upstream() {
        return new Upstream(headReader(), new Body(loop.limits().headBytes()));
    }

    void closed(ClientConnection connection) {
        connections.remove(connection);
    }

    /** One clock for all: a timer for each request would cost more than the request's scan. */
    private void sweepLater() {
        if (!sweeping) {
            sweeping = true;
            loop.eventLoop().schedule(this::sweep, SWEEP_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private void sweep() {
        sweeping = false;
        long nowNanos = loop.nanoTime();
        for (ClientConnection connection : new ArrayList<>(connections)) { // They leave it as they close.
            connection.checkTime(nowNanos);
        }
        if (!connections.isEmpty()) {
            sweepLater();
        }
    }
}
