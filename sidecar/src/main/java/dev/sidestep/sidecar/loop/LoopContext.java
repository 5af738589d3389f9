package dev.sidestep.sidecar.loop;

import dev.sidestep.balancing.Destination;
import dev.sidestep.balancing.LoadBalancer;
import dev.sidestep.balancing.PickResult;
import dev.sidestep.balancing.Reason;
import dev.sidestep.balancing.Subchannel;
import dev.sidestep.naming.AddressLiteral;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One event loop's share of the sidecar. Confined to the event loop, but for {@link #targets}, {@link #drain} and the
 * getters.
 */
public final class LoopContext {
    /** An application that calls more hosts than this through us gets targets that nobody keeps. */
    private static final int MAX_TARGETS = 4096;

    /** Connects to a VIP by one call, while we know its pods no better than kube-proxy does. */
    private static final int STALE_TRIES = 3;

    private final EventLoop eventLoop;
    private final LoadBalancer balancer;
    private final Connector connector;
    private final SystemResolver resolver;
    private final Limits limits;
    private final String admin;
    private final Map<String, Target> targets = new ConcurrentHashMap<>(); // Read by the metrics too.
    private final CallStats unaddressed = new CallStats();
    private final CallStats elsewhere = new CallStats();
    private final Set<Destination> overdue = new HashSet<>();
    private final Set<Drainable> connections = new LinkedHashSet<>();
    private volatile int open;
    private volatile boolean draining;

    /**
     * Opens nothing.
     *
     * @param admin where {@code sidestep why} may ask about this process, {@code host:port}
     */
    public LoopContext(
            EventLoop eventLoop,
            LoadBalancer balancer,
            Connector connector,
            SystemResolver resolver,
            Limits limits,
            String admin) {
        this.eventLoop = eventLoop;
        this.balancer = balancer;
        this.connector = connector;
        this.resolver = resolver;
        this.limits = limits;
        this.admin = admin;
    }

    public EventLoop eventLoop() {
        return eventLoop;
    }

    public Connector connector() {
        return connector;
    }

    public Limits limits() {
        return limits;
    }

    /** Where {@code sidestep why} may ask about this process, {@code host:port}. */
    public String admin() {
        return admin;
    }

    /** The engine's clock; read it once per event. */
    public long nanoTime() {
        return System.nanoTime();
    }

    /**
     * What {@code host} and {@code port} mean.
     *
     * @param host as the caller wrote it, IPv6 without brackets
     */
    public Target target(String host, int port) {
        String key = host + ":" + port;
        Target known = targets.get(key);
        if (known != null) {
            return known;
        }
        return keep(key, make(host, port, balancer.lookup(host, port), new CallStats()));
    }

    /**
     * What {@code address} means, to which a caller opened a connection itself. As {@link #target}, but what cannot be
     * ours is not kept: an application may call the whole world.
     *
     * @param address resolved
     */
    public Target redirected(InetSocketAddress address) {
        String host = address.getAddress().getHostAddress();
        int port = address.getPort();
        String key = host + ":" + port;
        Target known = targets.get(key);
        if (known != null) {
            return known;
        }
        Destination destination = balancer.lookup(host, port);
        return destination.peek() == PickResult.PassThrough.NOT_OURS
                ? make(host, port, destination, elsewhere)
                : keep(key, make(host, port, destination, new CallStats()));
    }

    /**
     * What {@code authority} names for a caller whose connection was going to {@code chosen}: the Service of that name if
     * {@code chosen} is known to be one of its endpoints; {@code chosen} itself otherwise. What is not balanced goes to
     * {@code chosen} in any case.
     */
    public Target named(Authority authority, Target chosen) {
        Target named = target(authority.host(), authority.port());
        if (named.destination().peek() instanceof PickResult.PassThrough) {
            return chosen;
        }
        String address = chosen.authority();
        boolean has = named.destination()
                .cluster()
                .map(cluster -> cluster.endpoints().stream()
                        .anyMatch(endpoint -> endpoint.hostPort().equals(address)))
                .orElse(false); // Not known yet: the address is as good as without us.
        return has
                ? new Target(named.host(), named.port(), named.destination(), named.stats(), chosen.originals())
                : chosen;
    }

    private Target keep(String key, Target made) {
        if (targets.size() < MAX_TARGETS) {
            targets.put(key, made);
        }
        return made;
    }

    /** What is written as an address needs no resolver. */
    private static Target make(String host, int port, Destination destination, CallStats stats) {
        List<InetSocketAddress> originals = AddressLiteral.parse(host)
                .map(address -> List.of(new InetSocketAddress(address, port)))
                .orElse(List.of());
        return new Target(host, port, destination, stats, originals);
    }

    /**
     * Tells {@code listener} where calls to {@code target} go that are not balanced, first to last; never before this
     * returns. While the list is stale the VIP stands there more than once: kube-proxy may still choose a pod that has just
     * gone, and chooses anew at each connect.
     *
     * @param because why the call is not balanced; null if it is none of ours
     */
    public void originals(Target target, @Nullable Reason because, SystemResolver.Listener listener) {
        SystemResolver.Listener told = because == Reason.STALE
                ? found -> listener.onAddresses(Collections.nCopies(STALE_TRIES, found).stream()
                        .flatMap(List::stream)
                        .toList())
                : listener;
        if (target.originals().isEmpty()) {
            resolver.resolve(target.host(), target.port(), eventLoop, told);
        } else {
            eventLoop.execute(() -> told.onAddresses(target.originals()));
        }
    }

    /** All that were asked for and kept. Any thread. */
    public Collection<Target> targets() {
        return targets.values();
    }

    /** What became of connections to addresses that no Service has. */
    public CallStats elsewhere() {
        return elsewhere;
    }

    /** What became of calls that named no destination. */
    public CallStats unaddressed() {
        return unaddressed;
    }

    /** A call to {@code target} goes where it was going, for {@code reason}. */
    public void fellBack(Target target, Reason reason) {
        target.stats().because(reason);
        if (reason == Reason.PENDING || reason == Reason.STALE) {
            balancer.countFallback(reason); // The others it has counted as it answered.
        }
    }

    /**
     * Runs {@code task} on the event loop, once, when {@code destination} no longer answers {@link PickResult.Pending}, or
     * when that takes too long; who then still finds it pending lets the call go where it was going. That is waited for
     * once: while an answer is overdue, later calls do not wait for it again.
     */
    public void whenAnswered(Destination destination, Runnable task) {
        if (overdue.contains(destination)) {
            eventLoop.execute(task);
            return;
        }
        var once = new Runnable() {
            private boolean ran;

            @Override
            public void run() {
                if (!ran) {
                    ran = true;
                    task.run();
                }
            }
        };
        var timeout = eventLoop.schedule(
                () -> {
                    overdue.add(destination);
                    once.run();
                },
                limits.pendingWait().toNanos(),
                TimeUnit.NANOSECONDS);
        destination.onAnswer(() -> {
            timeout.cancel(false);
            eventLoop.execute(() -> {
                overdue.remove(destination);
                once.run();
            });
        });
    }

    /** Calls {@code listener} on the event loop with each endpoint that {@link LoadBalancer#onHung} tells. */
    public void onHung(Consumer<Subchannel> listener) {
        balancer.onHung(endpoint -> {
            if (!eventLoop.isShuttingDown()) {
                eventLoop.execute(() -> listener.accept(endpoint));
            }
        });
    }

    /** A client's connection stands; it is told when we are to stop. */
    public void opened(Drainable connection) {
        connections.add(connection);
        open = connections.size();
        if (draining) {
            connection.drain();
        }
    }

    /** It no longer stands. */
    public void closed(Drainable connection) {
        connections.remove(connection);
        open = connections.size();
    }

    /**
     * A client's connection is joined to another one, and only the two sides know when they are done.
     *
     * @return to be run once it is over
     */
    public Runnable relaying() {
        var pair = new Drainable() {
            @Override
            public void drain() {}
        };
        opened(pair);
        return () -> closed(pair);
    }

    /** Client connections that stand. Any thread. */
    public int open() {
        return open;
    }

    /** Whether we are to stop: no connection is to outlive the calls that it carries. */
    public boolean draining() {
        return draining;
    }

    /** Tells every connection of this loop to finish. Any thread. */
    public void drain() {
        draining = true;
        eventLoop.execute(() -> {
            List<Drainable> all = new ArrayList<>(connections); // They leave the set as they close.
            all.forEach(Drainable::drain);
        });
    }

    /** A client's connection that can be asked to end without hurting its calls. */
    @FunctionalInterface
    public interface Drainable {
        /** Takes no new call, and closes once those in flight have ended; at once if there are none. On the event loop. */
        void drain();
    }
}
