package dev.sidestep.sidecar.loop;

import dev.sidestep.balancing.Destination;
import dev.sidestep.balancing.LoadBalancer;
import dev.sidestep.balancing.PickResult;
import dev.sidestep.balancing.Reason;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * One event loop's share of the sidecar. Confined to the event loop, but for {@link #targets}, {@link #drain} and the
 * getters.
 */
public final class LoopContext {
    /** An application that calls more hosts than this through us gets targets that nobody keeps. */
    private static final int MAX_TARGETS = 4096;

    private final EventLoop eventLoop;
    private final LoadBalancer balancer;
    private final Connector connector;
    private final SystemResolver resolver;
    private final Limits limits;
    private final String admin;
    private final Map<String, Target> targets = new ConcurrentHashMap<>(); // Read by the metrics too.
    private final CallStats unaddressed = new CallStats();
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

    public SystemResolver resolver() {
        return resolver;
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
        Target made = new Target(host, port, balancer.lookup(host, port), new CallStats());
        if (targets.size() < MAX_TARGETS) {
            targets.put(key, made);
        }
        return made;
    }

    /** All that were asked for and kept. Any thread. */
    public Collection<Target> targets() {
        return targets.values();
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
     * when that takes too long; who then still finds it pending lets the call go where it was going.
     */
    public void whenAnswered(Destination destination, Runnable task) {
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
        var timeout = eventLoop.schedule(once, limits.pendingWait().toNanos(), TimeUnit.NANOSECONDS);
        destination.onAnswer(() -> {
            timeout.cancel(false);
            eventLoop.execute(once);
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
