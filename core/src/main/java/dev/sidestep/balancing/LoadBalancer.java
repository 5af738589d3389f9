package dev.sidestep.balancing;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.load.Loads;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.Mode;
import dev.sidestep.model.Self;
import dev.sidestep.naming.CallerHost;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/**
 * The policy engine of one process: takes clusters from {@link Discovery}, publishes pickers, judges endpoints.
 *
 * <p>The data plane's side, {@link #lookup} and the {@link Destination}s it gives, is for any thread and takes no lock;
 * the {@link Discovery.Watcher}'s side is confined to {@code owner}.
 */
public final class LoadBalancer implements Discovery.Watcher {
    private final SerialExecutor owner;
    private final Fallbacks fallbacks = new Fallbacks();
    private final Resolution resolution;
    private final Map<String, NamedDestination[]> destinations = new ConcurrentHashMap<>();

    /** Acts only after {@link #start}. */
    public LoadBalancer(SerialExecutor owner, Settings settings) {
        this(owner, settings, new SplittableRandom());
    }

    /** @param random where rounds begin and how ejections are spread; used on the owner alone */
    public LoadBalancer(SerialExecutor owner, Settings settings, RandomGenerator random) {
        this.owner = owner;
        resolution = new Resolution(owner, settings, random, fallbacks, this::forget);
    }

    /** Begins to ask {@code discovery} for what is looked up. Once, from any thread. */
    public void start(Discovery discovery) {
        owner.execute(() -> resolution.start(discovery));
    }

    /**
     * The destination that {@code host} and {@code port} mean to this process. The first lookup of a name subscribes to
     * it; those after it read a concurrent map. Before {@link #start} every answer is pending.
     *
     * @param host a name or an address literal as the caller wrote it; case does not matter, nor do the brackets of an IPv6
     *     literal
     * @param port 1 to 65535; anything else is not ours
     */
    public Destination lookup(String host, int port) {
        NamedDestination[] known = destinations.get(host);
        if (known != null) {
            for (NamedDestination destination : known) {
                if (destination.port() == port) {
                    return destination;
                }
            }
        }
        return add(host, port);
    }

    private Destination add(String host, int port) {
        CallerHost parsed = CallerHost.parse(host);
        if (parsed.isNeverOurs() || port < 1 || port > 65535) {
            return NotOurs.NOT_OURS;
        }
        var made = new NamedDestination(host, port, parsed, owner, resolution::open);
        NamedDestination[] all = destinations.merge(host, new NamedDestination[] {made}, (there, mine) -> {
            if (Arrays.stream(there).anyMatch(destination -> destination.port() == port)) {
                return there; // Another thread was first.
            }
            NamedDestination[] longer = Arrays.copyOf(there, there.length + 1);
            longer[there.length] = made;
            return longer;
        });
        NamedDestination kept = Arrays.stream(all)
                .filter(destination -> destination.port() == port)
                .findFirst()
                .orElse(made);
        kept.wakeUp();
        return kept;
    }

    /** Lets go of a destination that fell asleep; whoever still holds it can wake it. */
    private void forget(NamedDestination asleep) {
        destinations.computeIfPresent(asleep.host(), (host, there) -> {
            NamedDestination[] rest = Arrays.stream(there)
                    .filter(destination -> destination != asleep)
                    .toArray(NamedDestination[]::new);
            return rest.length == 0 ? null : rest;
        });
    }

    /**
     * Calls {@code listener} on the owner with each subchannel that turns {@link Subchannel#draining}, after it did. For
     * any thread.
     */
    public void onDrained(Consumer<Subchannel> listener) {
        resolution.subchannels().onDrained(listener);
    }

    /**
     * Calls {@code listener} on the owner with each subchannel that is left alone because it does not answer, when that is
     * decided and after each further patience while it lasts. What waits there for the first byte of its response may be
     * given up as if the connection had been reset, with {@link Outcome#TIMEOUT}, and made again where {@link
     * Destination#pickAnother} leads, if {@link Destination#mayRetry} lets it; what may not be made again waits on, and may
     * still be answered. For any thread.
     */
    public void onHung(Consumer<Subchannel> listener) {
        resolution.onHung(listener);
    }

    /**
     * Counts a call that its data plane sent where it was going for a reason that {@link Destination#pick} cannot see: the
     * wait for a first answer ended ({@link Reason#PENDING}), or the list was stale and no connection stood ({@link
     * Reason#STALE}). What {@code pick} passes through is counted by it. For any thread.
     */
    public void countFallback(Reason reason) {
        fallbacks.count(reason).increment();
    }

    /** Makes {@code registry} count what happens here: endpoints, ejections, retries, fallbacks, age. For any thread. */
    public void bindTo(MeterRegistry registry) {
        resolution.bindTo(registry);
    }

    /** What is sent to whom, for the reports. Any thread. */
    public Loads loads() {
        return resolution.loads();
    }

    /** How often an endpoint was left alone because it failed. For any thread. */
    public long ejections() {
        return resolution.ejections();
    }

    /** All that is known now. For any thread; completes on the owner. */
    public CompletableFuture<Status> status() {
        var result = new CompletableFuture<Status>();
        owner.execute(() -> result.complete(resolution.status()));
        return result;
    }

    /**
     * Why calls to {@code host} go where they go. Asks for it if nobody did, and then waits for an answer. For any thread;
     * completes on the owner.
     */
    public CompletableFuture<Explanation> explain(String host, int port) {
        var result = new CompletableFuture<Explanation>();
        Destination destination = lookup(host, port);
        if (destination instanceof NamedDestination named) {
            named.onAnswer(() -> result.complete(resolution.explain(named)));
        } else {
            owner.execute(() -> result.complete(resolution.explainNotOurs(host, port)));
        }
        return result;
    }

    @Override
    public void onSelf(Self self) {
        resolution.onSelf(self);
    }

    @Override
    public void onCluster(String name, Cluster cluster, Duration age) {
        resolution.onCluster(name, cluster, age);
    }

    @Override
    public void onAbsent(String name) {
        resolution.onAbsent(name);
    }

    @Override
    public void onConnected() {
        resolution.onConnected();
    }

    @Override
    public void onDisconnected() {
        resolution.onDisconnected();
    }

    /**
     * What a process knows of itself before a control plane tells it more.
     *
     * @param self namespace, zone and domain as configured
     * @param mode {@code SIDESTEP_MODE}: the more cautious of it and what the control plane says holds
     * @param staleAfter how long a list is used after the stream was lost
     * @param idleAfter how long a name nobody asks for stays subscribed
     * @param maxUnknown how many names without a Service stay subscribed
     */
    public record Settings(Self self, Mode mode, Duration staleAfter, Duration idleAfter, int maxUnknown) {
        public static Settings inNamespace(String namespace) {
            return new Settings(
                    Self.inNamespace(namespace), Mode.BALANCE, Duration.ofSeconds(60), Duration.ofMinutes(30), 1000);
        }
    }
}
