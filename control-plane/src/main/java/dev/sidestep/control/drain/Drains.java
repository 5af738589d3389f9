package dev.sidestep.control.drain;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.control.ads.AdsServer;
import dev.sidestep.control.drain.Drain.Outcome;
import dev.sidestep.control.drain.Drain.Result;
import dev.sidestep.control.index.ClusterIndex;
import dev.sidestep.control.index.IndexListener;
import dev.sidestep.control.index.WorkloadIndex;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All waits of pods that end. Confined to the index's owner, but for {@link #idle}. */
public final class Drains implements IndexListener {
    private static final Logger LOG = LoggerFactory.getLogger(Drains.class);

    /** As many as a node's worth of pods on each of ten nodes that are emptied at once. */
    private static final int MOST = 1_000;

    /** One for each container that ends. */
    private static final int MOST_OF_A_POD = 16;

    /**
     * Watches {@code index}'s pods from now on.
     *
     * @param peers the other replicas; empty where there can be none
     */
    public static Drains create(
            SerialExecutor owner,
            ClusterIndex index,
            WorkloadIndex workloads,
            AdsServer ads,
            Optional<Peers> peers,
            MeterRegistry registry) {
        var pods = new WorkloadPods(workloads);
        workloads.listen(pods);
        var views = new Views(new Departures(owner, index, ads::generation), ads, peers.orElse(null));
        return new Drains(owner, views, pods, registry);
    }

    /**
     * What a drain looks at, all on one owner.
     *
     * @param peers the other replicas; null where there can be none
     */
    record Views(
            Departures departures, AdsServer ads, @Nullable Peers peers) {}

    private final SerialExecutor owner;
    private final Views views;
    private final Pods pods;
    private final Set<Drain> waiting = new LinkedHashSet<>();
    private final Map<Outcome, Counter> ended = new EnumMap<>(Outcome.class);
    private final Timer duration;
    private final AtomicInteger waitingNow = new AtomicInteger(); // Gauges are read off the owner.
    private final List<CompletableFuture<Void>> whenIdle = new ArrayList<>();

    Drains(SerialExecutor owner, Views views, Pods pods, MeterRegistry registry) {
        this.owner = owner;
        this.views = views;
        this.pods = pods;
        for (Outcome outcome : Outcome.values()) {
            ended.put(
                    outcome,
                    Counter.builder("sidestep.drains")
                            .description("Waits of pods that end, by what they came to")
                            .tag("result", outcome.name().toLowerCase(Locale.ROOT))
                            .register(registry));
        }
        Gauge.builder("sidestep.drains.waiting", waitingNow, AtomicInteger::get)
                .description("Pods that wait for their end now, once for each of their containers")
                .strongReference(true)
                .register(registry);
        duration = Timer.builder("sidestep.drain.duration")
                .description("How long pods waited until nobody called them any more")
                .register(registry);
    }

    @Override
    public void onTouched(Touched touched) {
        Peers peers = views.peers();
        views.departures().onTouched(touched);
        if (peers != null) {
            peers.onTouched(touched);
        }
    }

    /** The index holds all that there is. */
    public void onSynced() {
        views.departures().onSynced();
    }

    /**
     * Waits until nobody calls {@code pod} any more, but no longer than {@code cap}.
     *
     * @param told hears what it came to, in a task of its own
     * @return gives up waiting: nobody is told then
     */
    Runnable begin(PodName pod, Duration cap, Consumer<Result> told) {
        owner.checkCurrent();
        long ofThePod = waiting.stream().filter(each -> each.pod().equals(pod)).count();
        if (waiting.size() >= MOST || ofThePod >= MOST_OF_A_POD) {
            LOG.warn(
                    "pod {}: {} waits already; it ends without one more",
                    pod,
                    waiting.size() >= MOST ? waiting.size() : ofThePod);
            end(pod, new Result(Outcome.REFUSED, Duration.ZERO, List.of("too many wait")), told);
            return () -> {};
        }
        var drain = new Drain[1];
        drain[0] = new Drain(owner, views, pod, cap, () -> pods.stays(pod), result -> {
            end(pod, result, told);
            remove(drain[0]);
        });
        waiting.add(drain[0]);
        waitingNow.set(waiting.size());
        drain[0].start();
        return () -> {
            drain[0].cancel();
            remove(drain[0]);
        };
    }

    private void remove(Drain drain) {
        waiting.remove(drain);
        waitingNow.set(waiting.size());
        owner.execute(this::tellIdle); // After who waited was told.
    }

    private void tellIdle() {
        if (waiting.isEmpty()) {
            whenIdle.forEach(each -> each.complete(null));
            whenIdle.clear();
        }
    }

    private void end(PodName pod, Result result, Consumer<Result> told) {
        Objects.requireNonNull(ended.get(result.outcome())).increment();
        duration.record(result.took());
        if (result.outcome() == Outcome.CAPPED) {
            LOG.warn("{}", describe(pod, result));
        } else {
            LOG.info("{}", describe(pod, result));
        }
        owner.execute(() -> told.accept(result));
    }

    /** One line for people. */
    static String describe(PodName pod, Result result) {
        String took = String.format(Locale.ROOT, "%.2f s", result.took().toMillis() / 1000.0);
        return "pod " + pod + ": "
                + switch (result.outcome()) {
                    case ACKNOWLEDGED -> "all clients know after " + took + " that it ends";
                    case NOT_SELECTED -> "no Service selects it, so nobody calls it";
                    case STAYS -> "it is not marked for deletion, so only a container ends; not waited for";
                    case CAPPED -> "ends after " + took + " although " + String.join("; ", result.missing());
                    case REFUSED -> "ends at once, because " + String.join("; ", result.missing());
                };
    }

    /** The pod that {@code drainId} stands for. */
    Optional<PodName> podOf(String drainId) {
        owner.checkCurrent();
        return pods.byDrainId(drainId);
    }

    /** Watches this replica's own clients, for another replica. */
    LocalWatch watchLocally(PodName pod, Runnable changed) {
        return new LocalWatch(views.departures(), views.ads(), pod, changed);
    }

    /** Completes when nobody waits; for a replica that is about to stop. Any thread. */
    public CompletableFuture<Void> idle() {
        var idle = new CompletableFuture<Void>();
        owner.execute(() -> {
            if (waiting.isEmpty()) {
                idle.complete(null);
            } else {
                whenIdle.add(idle);
            }
        });
        return idle;
    }
}
