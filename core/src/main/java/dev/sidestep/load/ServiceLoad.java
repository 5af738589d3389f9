package dev.sidestep.load;

import dev.sidestep.model.ClusterName;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Counts what a process sends to one Service port. Any thread, but for {@link #take}.
 *
 * <p>Connections that are closed wait to be taken; while nobody takes, only so many of them do, and the rest are counted
 * together.
 */
public final class ServiceLoad {
    /** Counts for nobody: of what is no Service of ours, or where nothing is to be counted. */
    public static final ServiceLoad NONE = new ServiceLoad(Optional.empty());

    /** Those with the most calls are told one by one. */
    static final int MOST_CONNECTIONS = 128;

    /** An application that opens one connection a call opens thousands a second. */
    private static final int MOST_CLOSED = 4096;

    static final int IDLE_TAKES = 30;

    private final Optional<ClusterName> name;
    private final EndpointLoad unknown = new EndpointLoad();
    private final Map<String, EndpointLoad> endpoints = new ConcurrentHashMap<>();
    private final Set<CallerConnection> connections = ConcurrentHashMap.newKeySet();
    private final AtomicLong ids = new AtomicLong();
    private final AtomicInteger closed = new AtomicInteger();
    private final Buckets untold = new Buckets();

    private ServiceLoad(Optional<ClusterName> name) {
        this.name = name;
    }

    ServiceLoad(ClusterName name) {
        this(Optional.of(name));
    }

    /** Whether anybody will ever ask what was counted here. */
    public boolean counts() {
        return name.isPresent();
    }

    /** Where the attempts on {@code address:port} are counted; "" for those that go where they were going. */
    public EndpointLoad endpoint(String address) {
        if (address.isEmpty() || name.isEmpty()) {
            return name.isEmpty() ? EndpointLoad.NONE : unknown;
        }
        EndpointLoad known = endpoints.get(address);
        return known != null ? known : endpoints.computeIfAbsent(address, key -> new EndpointLoad());
    }

    /** A connection of the application to this Service, from its opening to {@link CallerConnection#close}. */
    public CallerConnection connect() {
        var connection = new CallerConnection(this, ids.getAndIncrement());
        if (name.isPresent()) {
            connections.add(connection);
        }
        return connection;
    }

    void closed(CallerConnection connection) {
        if (name.isEmpty() || closed.incrementAndGet() <= MOST_CLOSED) {
            return;
        }
        closed.decrementAndGet();
        if (connections.remove(connection)) {
            untold.add(connection.take(), connection.isNew());
        }
    }

    /** What was counted since the last call; empty if nothing was. By one thread at a time. */
    Optional<LoadReport> take() {
        var byEndpoint = new ArrayList<LoadReport.Endpoint>();
        takeEndpoint("", unknown, byEndpoint);
        endpoints.forEach((address, load) -> takeEndpoint(address, load, byEndpoint));
        endpoints.values().removeIf(load -> {
            boolean idle = load.idleTakes() > IDLE_TAKES;
            if (idle) {
                load.drop();
            }
            return idle;
        });
        var all = new ArrayList<LoadReport.Connection>();
        var ended = new ArrayList<CallerConnection>();
        for (CallerConnection connection : connections) {
            boolean over = connection.isClosed(); // Asked before its calls are: there are none behind it.
            long calls = connection.take();
            boolean opened = connection.isNew();
            if (calls > 0 || opened) {
                all.add(new LoadReport.Connection(connection.id(), opened, calls));
            }
            if (over) {
                ended.add(connection);
            }
        }
        for (CallerConnection connection : ended) {
            if (connections.remove(connection)) {
                closed.decrementAndGet();
            }
        }
        all.sort(Comparator.comparingLong(LoadReport.Connection::calls)
                .reversed()
                .thenComparingLong(LoadReport.Connection::id));
        List<LoadReport.Connection> told = all.subList(0, Math.min(MOST_CONNECTIONS, all.size()));
        var rest = new Buckets();
        all.subList(told.size(), all.size()).forEach(each -> rest.add(each.calls(), each.opened()));
        untold.moveTo(rest);
        List<LoadReport.Others> others = rest.all();
        return byEndpoint.isEmpty() && told.isEmpty() && others.isEmpty()
                ? Optional.empty()
                : name.map(known -> new LoadReport(known, byEndpoint, told, others));
    }

    private static void takeEndpoint(String address, EndpointLoad load, List<LoadReport.Endpoint> to) {
        LoadReport.Calls calls = load.take();
        if (!calls.isNothing()) {
            to.add(new LoadReport.Endpoint(address, calls));
        }
    }

    /** Connections by the power of two that their calls come to. Any thread. */
    private static final class Buckets {
        private final AtomicLongArray connections = new AtomicLongArray(Long.SIZE + 1);
        private final AtomicLongArray opened = new AtomicLongArray(Long.SIZE + 1);
        private final AtomicLongArray calls = new AtomicLongArray(Long.SIZE + 1);

        void add(long callsOfOne, boolean isNew) {
            int bucket = Long.SIZE - Long.numberOfLeadingZeros(callsOfOne);
            connections.addAndGet(bucket, 1);
            opened.addAndGet(bucket, isNew ? 1 : 0);
            calls.addAndGet(bucket, callsOfOne);
        }

        void moveTo(Buckets other) {
            for (int i = 0; i < connections.length(); i++) {
                other.connections.addAndGet(i, connections.getAndSet(i, 0));
                other.opened.addAndGet(i, opened.getAndSet(i, 0));
                other.calls.addAndGet(i, calls.getAndSet(i, 0));
            }
        }

        List<LoadReport.Others> all() {
            var all = new ArrayList<LoadReport.Others>();
            for (int i = 0; i < connections.length(); i++) {
                if (connections.get(i) > 0) {
                    all.add(new LoadReport.Others(connections.get(i), opened.get(i), calls.get(i)));
                }
            }
            return all;
        }
    }
}
