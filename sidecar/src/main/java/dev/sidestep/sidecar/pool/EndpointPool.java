package dev.sidestep.sidecar.pool;

import dev.sidestep.balancing.Reason;
import dev.sidestep.balancing.Subchannel;
import dev.sidestep.sidecar.loop.LoopContext;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.epoll.EpollTcpInfo;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The connections of one event loop to one endpoint, and the calls that wait for one. Confined to the event loop. */
final class EndpointPool {
    /** {@code TCP_ESTABLISHED} of Linux's {@code tcp_states.h}: the peer has neither closed nor reset it. */
    private static final int ESTABLISHED = 1;

    private final LoopContext loop;
    private final Subchannel endpoint;
    private final Supplier<? extends PooledConnection> connections;
    private final ArrayDeque<PooledConnection> idle = new ArrayDeque<>();
    private final ArrayDeque<Waiter> waiters = new ArrayDeque<>();
    private final Set<PooledConnection> standing = new LinkedHashSet<>();
    /** Open or being opened. */
    private int count;

    private int opening;
    private Duration timeout = Duration.ZERO;

    EndpointPool(LoopContext loop, Subchannel endpoint, Supplier<? extends PooledConnection> connections) {
        this.loop = loop;
        this.endpoint = endpoint;
        this.connections = connections;
    }

    @Nullable
    PooledConnection idle(boolean certain) {
        while (true) {
            PooledConnection last = idle.pollLast();
            if (last == null) {
                return null;
            }
            last.idle = false;
            if (last.channel().isActive() && (!certain || stands(last.channel()))) {
                return last;
            }
            last.channel().close();
        }
    }

    /** NIO cannot ask without reading, and an idle connection has nothing to read but its end. */
    private static boolean stands(Channel channel) {
        if (channel instanceof EpollSocketChannel epoll) {
            EpollTcpInfo info = new EpollTcpInfo();
            epoll.tcpInfo(info);
            return info.state() == ESTABLISHED;
        }
        if (channel instanceof NioSocketChannel nio) {
            nio.unsafe().read();
        }
        return channel.isActive();
    }

    void connect(Duration timeout, Waiter waiter) {
        if (waiters.size() >= loop.limits().waitersPerEndpoint()) {
            waiter.onNoConnection(Reason.QUEUE_FULL);
            return;
        }
        this.timeout = timeout;
        waiters.addLast(waiter);
        openForWaiters();
    }

    /** One connection is opened for each that waits; whichever stands or falls idle first serves the first of them. */
    private void openForWaiters() {
        if (waiters.size() > opening && count < loop.limits().connectionsPerEndpoint()) {
            open();
        }
    }

    private void open() {
        count++;
        opening++;
        PooledConnection connection = connections.get();
        ChannelFuture connected = loop.connector().connect(endpoint.address(), timeout, connection);
        connected.addListener(done -> {
            opening--;
            if (done.isSuccess()) {
                connection.pool = this;
                standing.add(connection);
                connection.channel().config().setAutoRead(true);
                offer(connection);
            } else {
                count--;
                Waiter waiter = waiters.pollFirst();
                if (waiter != null) {
                    waiter.onNoConnection(
                            done.cause() instanceof ConnectTimeoutException
                                    ? Reason.CONNECT_TIMEOUT
                                    : Reason.CONNECT_FAILED);
                }
                openForWaiters();
            }
        });
    }

    void giveUp(Waiter waiter) {
        waiters.remove(waiter);
    }

    void release(PooledConnection connection) {
        if (waiters.isEmpty() && (endpoint.draining() || loop.draining())) {
            connection.channel().close();
        } else {
            offer(connection);
        }
    }

    private void offer(PooledConnection connection) {
        if (!connection.channel().isActive()) {
            return;
        }
        Waiter waiter = waiters.pollFirst();
        if (waiter != null) {
            waiter.onConnection(connection);
        } else {
            connection.idle = true;
            connection.idleSinceNanos = loop.nanoTime();
            idle.addLast(connection);
        }
    }

    void closed(PooledConnection connection) {
        count--;
        standing.remove(connection);
        if (connection.idle) {
            connection.idle = false;
            idle.remove(connection);
        }
        openForWaiters();
    }

    void hung() {
        for (PooledConnection connection : new ArrayList<>(standing)) { // They leave it as they close.
            if (!connection.idle) {
                connection.onHung();
            }
        }
        new ArrayList<>(waiters).forEach(Waiter::onHung);
    }

    void sweep(long nowNanos) {
        boolean draining = endpoint.draining() || loop.draining();
        for (PooledConnection connection : new ArrayList<>(idle)) { // They leave it as they close.
            if (draining
                    || nowNanos - connection.idleSinceNanos
                            > loop.limits().upstreamIdle().toNanos()) {
                connection.channel().close();
            }
        }
    }

    boolean isEmpty() {
        return count == 0 && waiters.isEmpty();
    }
}
