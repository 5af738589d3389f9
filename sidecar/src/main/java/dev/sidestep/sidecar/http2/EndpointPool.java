package dev.sidestep.sidecar.http2;

import dev.sidestep.balancing.Subchannel;
import dev.sidestep.sidecar.loop.LoopContext;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The upstream connections of one event loop: one for each endpoint, more only while its SETTINGS allow too few calls at
 * a time. Confined to the event loop.
 */
final class EndpointPool {
    /** A hundred calls each, as endpoints are recommended to allow, are more than a client may have open with us. */
    private static final int CONNECTIONS_PER_ENDPOINT = 16;

    private static final Duration SWEEP = Duration.ofMillis(250);

    private final LoopContext loop;
    private final Map<Object, List<EndpointConnection>> connections = new HashMap<>();
    private @Nullable ScheduledFuture<?> sweep;

    EndpointPool(LoopContext loop) {
        this.loop = loop;
        loop.onHung(this::hung);
    }

    private void hung(Subchannel endpoint) {
        List.copyOf(connections.getOrDefault(endpoint, List.of())).forEach(EndpointConnection::hung);
    }

    /** Whether a call to {@code key} needs no new connection. */
    boolean stands(Object key) {
        return find(key) != null;
    }

    /**
     * Has {@code attempt} made on a connection to {@code key}.
     *
     * @param key a subchannel, or a {@link Direct} where nothing is balanced
     * @param connectTimeout how long a new connection may take until it stands
     */
    void open(Object key, InetSocketAddress address, Duration connectTimeout, Attempt attempt) {
        EndpointConnection connection = find(key);
        if (connection == null) {
            List<EndpointConnection> all = connections.computeIfAbsent(key, unused -> new ArrayList<>(1));
            if (all.size() >= CONNECTIONS_PER_ENDPOINT) {
                attempt.onLost(Loss.QUEUE_FULL);
                return;
            }
            connection = new EndpointConnection(loop, this, key, address, connectTimeout);
            all.add(connection);
            sweepSoon();
            connection.connect();
        }
        connection.open(attempt);
    }

    private @Nullable EndpointConnection find(Object key) {
        List<EndpointConnection> all = connections.get(key);
        if (all != null) {
            for (EndpointConnection connection : all) {
                if (connection.takes()) {
                    return connection;
                }
            }
        }
        return null;
    }

    /** {@code client} is gone, and its own connections serve nobody else. */
    void leave(CodecHandler client) {
        List<EndpointConnection> its = new ArrayList<>();
        connections.forEach((key, all) -> {
            if (key instanceof Direct direct && direct.client() == client) {
                its.addAll(all);
            }
        });
        its.forEach(EndpointConnection::leave);
    }

    /** It takes no call any more, and is to be forgotten. */
    void remove(EndpointConnection connection) {
        List<EndpointConnection> all = connections.get(connection.key());
        if (all != null && all.remove(connection) && all.isEmpty()) {
            connections.remove(connection.key());
        }
    }

    private void sweepSoon() {
        if (sweep == null) {
            sweep = loop.eventLoop().schedule(this::sweepNow, SWEEP.toNanos(), TimeUnit.NANOSECONDS);
        }
    }

    private void sweepNow() {
        sweep = null;
        long now = loop.nanoTime();
        List<EndpointConnection> all = new ArrayList<>(); // They leave the map as they close.
        connections.values().forEach(all::addAll);
        all.forEach(connection -> connection.sweep(now));
        if (!connections.isEmpty()) {
            sweepSoon();
        }
    }

    /**
     * What the connections are known by on which a client's calls go where they were going. They are the client's alone:
     * without us it would have had its own, and behind a VIP each connection is given another pod.
     */
    record Direct(CodecHandler client, InetSocketAddress address) {
        @Override
        public String toString() {
            return address.getAddress().getHostAddress() + ":" + address.getPort();
        }
    }
}
