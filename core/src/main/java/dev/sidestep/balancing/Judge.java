package dev.sidestep.balancing;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.model.TrafficPolicy;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Leaves endpoints alone that fail, judged by the calls they get anyway. Confined to the owner.
 *
 * <p>Four things speak against an endpoint. That it <em>cannot be connected to</em>: one refused connection is enough, since
 * nothing was sent, so the call goes on elsewhere, and an endpoint that listens never refuses; one that was not made in time
 * may be a lost packet, so two are. That it <em>does not answer</em>: some attempt waits while no byte came from it for
 * longer than any call of its cluster normally takes, and others answer meanwhile; it becomes suspect, takes no more calls
 * but one at a time, and is ejected at the third such silence, or caller who gave up after one. That it <em>fails</em>:
 * several calls in a row, or half of those of ten seconds; but not if most of its cluster fails as it does, for then it is
 * the application, and leaving pods alone would only move the load.
 *
 * <p>What already waits for an endpoint that does not answer is moved as soon as it is suspect, not when it is ejected: as it
 * takes no more calls from then on, a further silence says nothing new, and callers do not wait for ever.
 *
 * <p>How many of a cluster may be left alone at once is {@link LiveCluster}'s to say: what is thought of an endpoint does not
 * depend on who asks.
 */
final class Judge {
    /** The shortest silence that is suspicious. */
    static final Duration MIN_PATIENCE = Duration.ofSeconds(1);

    private static final Logger LOG = LoggerFactory.getLogger(Judge.class);

    /** A silence is suspicious from so many times the 99th percentile of the cluster on. */
    private static final int PATIENCE_OF_P99 = 10;

    private static final Duration SCAN = Duration.ofMillis(100);
    private static final Duration TICK = Duration.ofSeconds(1);
    private static final int TICKS_PER_PATIENCE = 5;
    private static final int TICKS_PER_TURN = 10;

    private static final int CONNECT_EVIDENCE = 2;
    private static final int SILENCES = 3;
    private static final int RATE_PERCENT = 50;
    private static final int RATE_CALLS = 20;

    /** How long a probe may be on its way to its endpoint before another is sent in its place. */
    private static final Duration PROBE_LOST = Duration.ofSeconds(1);

    private final SerialExecutor owner;
    private final RandomGenerator random;
    private final Consumer<LiveCluster> onChanged;
    private final List<Consumer<Subchannel>> hungListeners = new CopyOnWriteArrayList<>();
    private final LongAdder ejections = new LongAdder();
    private long lastTickNanos;
    private int ticks;
    private int look;

    /** @param onChanged hears of each cluster whose endpoints are thought of differently now */
    Judge(SerialExecutor owner, RandomGenerator random, Consumer<LiveCluster> onChanged) {
        this.owner = owner;
        this.random = random;
        this.onChanged = onChanged;
    }

    /** How often an endpoint was ejected. Any thread. */
    LongAdder ejections() {
        return ejections;
    }

    /** Tells {@code listener} what {@link LoadBalancer#onHung} says. Any thread. */
    void onHung(Consumer<Subchannel> listener) {
        hungListeners.add(listener);
    }

    /** Something happened on {@code subchannel}. Any thread. */
    void report(TrackedSubchannel subchannel) {
        owner.execute(() -> {
            look++;
            subchannel.takeReport();
            check(subchannel);
        });
    }

    /** Looks at all once, and says when to look again: soon while anything is in doubt, or else at the next second. */
    Duration scan(Collection<TrackedSubchannel> all, Collection<LiveCluster> clusters) {
        owner.checkCurrent();
        if (owner.nanoTime() - lastTickNanos >= TICK.toNanos()) {
            lastTickNanos = owner.nanoTime();
            tick(all, clusters);
        }
        look++;
        boolean busy = false;
        for (TrackedSubchannel subchannel : all) {
            if (subchannel.waiting() > 0 || subchannel.health().state() != Health.State.READY) {
                busy = true;
                check(subchannel);
            }
        }
        return busy ? SCAN : TICK;
    }

    private void tick(Collection<TrackedSubchannel> all, Collection<LiveCluster> clusters) {
        ticks++;
        for (TrackedSubchannel subchannel : all) {
            subchannel.health().tick(subchannel.successes(), subchannel.failures());
            if (ticks % TICKS_PER_TURN == 0) {
                subchannel.latencies().turn();
            }
        }
        if (ticks % TICKS_PER_PATIENCE == 0) {
            clusters.forEach(Judge::measurePatience);
            for (TrackedSubchannel subchannel : all) {
                long patience = subchannel.holders().stream()
                        .mapToLong(LiveCluster::patienceNanos)
                        .max()
                        .orElse(MIN_PATIENCE.toNanos());
                subchannel.setPatience(patience);
            }
        }
    }

    private static void measurePatience(LiveCluster cluster) {
        long[] sums = Latencies.none();
        cluster.selected().forEach(member -> member.subchannel().latencies().addTo(sums));
        long p99 = Latencies.p99(sums);
        if (p99 > 0) { // Or else nobody has called of late, and what was normal still is.
            cluster.setPatience(Math.max(MIN_PATIENCE.toNanos(), PATIENCE_OF_P99 * p99));
        }
    }

    private void check(TrackedSubchannel subchannel) {
        switch (subchannel.health().state()) {
            case READY -> checkReady(subchannel);
            case SUSPECT -> checkSuspect(subchannel);
            case EJECTED -> checkEjected(subchannel);
            case PROBING -> checkProbe(subchannel);
        }
        moveCalls(subchannel);
    }

    /** A probe is left to its end: it is judged then, and told here if it was in vain. */
    private void moveCalls(TrackedSubchannel subchannel) {
        Health health = subchannel.health();
        boolean leftAlone = health.state() == Health.State.SUSPECT || health.state() == Health.State.EJECTED;
        if (leftAlone && health.cause().isHard() && isSilent(subchannel) && health.takeMove(patience(subchannel))) {
            hungListeners.forEach(listener -> listener.accept(subchannel));
        }
    }

    private void checkReady(TrackedSubchannel subchannel) {
        for (LiveCluster cluster : subchannel.holders()) {
            Optional<TrafficPolicy.Ejection> policy = cluster.policy().ejection();
            if (policy.isEmpty()) {
                continue;
            }
            Optional<Health.Cause> verdict = verdict(subchannel, cluster, policy.get());
            if (verdict.isPresent()) {
                eject(subchannel, verdict.get(), policy.get());
                return;
            }
            if (isSilent(subchannel) && othersAnswer(cluster, subchannel, subchannel.silentSinceNanos())) {
                subchannel.health().suspect(subchannel.successes());
                LOG.debug("{} of {} is suspect: {}", subchannel, cluster.name(), Health.Cause.SILENT.words());
                subchannel.setWatched(true);
                changed(subchannel);
                return;
            }
        }
    }

    private void checkSuspect(TrackedSubchannel subchannel) {
        Health health = subchannel.health();
        Optional<TrafficPolicy.Ejection> policy = policy(subchannel);
        if (policy.isEmpty()
                || subchannel.lastByteNanos() - health.sinceNanos() > 0
                || health.successesSince(subchannel.successes()) > 0) {
            readmit(subchannel);
            return;
        }
        TrackedSubchannel.Run run = subchannel.run();
        if (run.connect() >= CONNECT_EVIDENCE) {
            eject(subchannel, Health.Cause.CONNECT, policy.get());
            return;
        }
        if (subchannel.waiting() == 0) {
            subchannel.offerProbe(true); // Nobody waits for it any more, so somebody has to find out.
        } else {
            health.silence(subchannel.silentSinceNanos(), patience(subchannel));
        }
        if (health.silences() + run.silent() >= SILENCES) {
            eject(subchannel, Health.Cause.SILENT, policy.get());
        }
    }

    private void checkEjected(TrackedSubchannel subchannel) {
        Health health = subchannel.health();
        if (policy(subchannel).isEmpty()) {
            readmit(subchannel);
            return;
        }
        if (health.cause() == Health.Cause.SILENT && subchannel.lastByteNanos() - health.sinceNanos() > 0) {
            health.probeEarly(subchannel.successes());
        } else {
            health.tryProbe(subchannel.successes());
        }
        if (health.state() == Health.State.PROBING) {
            subchannel.offerProbe(true);
            changed(subchannel);
        }
    }

    private void checkProbe(TrackedSubchannel subchannel) {
        Health health = subchannel.health();
        Optional<TrafficPolicy.Ejection> policy = policy(subchannel);
        long since = health.sinceNanos();
        boolean heard = subchannel.lastByteNanos() - since > 0
                && (health.cause().isHard() || owner.nanoTime() - since >= MIN_PATIENCE.toNanos());
        if (policy.isEmpty()) {
            readmit(subchannel);
        } else if (subchannel.lastFailedStartNanos() - since >= 0) {
            eject(subchannel, causeOf(subchannel.run()), policy.get());
        } else if (heard || health.successesSince(subchannel.successes()) > 0) {
            readmit(subchannel);
        } else if (!subchannel.isProbeOffered()) {
            health.probeTaken();
            long taken = health.probeTakenNanos();
            long silentSince = subchannel.silentSinceNanos();
            long from = silentSince - taken > 0 ? silentSince : taken;
            if (subchannel.waiting() > 0 && owner.nanoTime() - from >= patience(subchannel)) {
                eject(subchannel, Health.Cause.SILENT, policy.get());
            } else if (subchannel.inFlight() == 0 && owner.nanoTime() - taken >= PROBE_LOST.toNanos()) {
                health.probeLost();
                subchannel.offerProbe(true);
            }
        }
    }

    private Optional<Health.Cause> verdict(
            TrackedSubchannel subchannel, LiveCluster cluster, TrafficPolicy.Ejection policy) {
        TrackedSubchannel.Run run = subchannel.run();
        if (run.connect() >= CONNECT_EVIDENCE) {
            return Optional.of(Health.Cause.CONNECT);
        }
        if (run.silent() >= SILENCES && othersAnswer(cluster, subchannel, subchannel.lastByteNanos())) {
            return Optional.of(Health.Cause.SILENT);
        }
        Health health = subchannel.health();
        int failed = health.recentFailures(subchannel.failures());
        long calls = failed + health.recentSuccesses(subchannel.successes());
        Health.Cause cause;
        if (run.failures() >= policy.failures()) {
            cause = Health.Cause.FAILURES;
        } else if (calls >= RATE_CALLS && failed * 100L >= calls * RATE_PERCENT) {
            cause = Health.Cause.RATE;
        } else {
            return Optional.empty();
        }
        boolean shared = cluster.common().isShared(cluster.selected(), subchannel.failureRate(), owner.nanoTime());
        return shared ? Optional.empty() : Optional.of(cause);
    }

    private boolean isSilent(TrackedSubchannel subchannel) {
        return subchannel.waiting() > 0 && owner.nanoTime() - subchannel.silentSinceNanos() >= patience(subchannel);
    }

    private static long patience(TrackedSubchannel subchannel) {
        return subchannel.holders().stream()
                .mapToLong(LiveCluster::patienceNanos)
                .max()
                .orElse(MIN_PATIENCE.toNanos());
    }

    private boolean othersAnswer(LiveCluster cluster, TrackedSubchannel silent, long sinceNanos) {
        return cluster.common().othersAnswer(cluster.selected(), silent, sinceNanos, look);
    }

    private static Health.Cause causeOf(TrackedSubchannel.Run run) {
        return run.connect() > 0
                ? Health.Cause.CONNECT
                : run.silent() > 0 ? Health.Cause.SILENT : Health.Cause.FAILURES;
    }

    /** The first that lets the endpoint be ejected, of the clusters that it is in. */
    private static Optional<TrafficPolicy.Ejection> policy(TrackedSubchannel subchannel) {
        return subchannel.holders().stream()
                .flatMap(cluster -> cluster.policy().ejection().stream())
                .findFirst();
    }

    private void eject(TrackedSubchannel subchannel, Health.Cause cause, TrafficPolicy.Ejection policy) {
        Health health = subchannel.health();
        boolean again = health.state() == Health.State.PROBING;
        health.eject(cause, policy.base(), policy.max(), random.nextDouble(), subchannel.successes());
        ejections.increment();
        subchannel.startAnew();
        subchannel.setWatched(true);
        subchannel.offerProbe(false);
        if (again) {
            LOG.debug("{} is left alone for {} more: {}", subchannel, health.ejectedFor(), cause.words());
        } else {
            LOG.info(
                    "{} {} is left alone for {}: {}", subchannel, subchannel.pod(), health.ejectedFor(), cause.words());
        }
        changed(subchannel);
    }

    private void readmit(TrackedSubchannel subchannel) {
        Health health = subchannel.health();
        if (health.state() != Health.State.SUSPECT) {
            LOG.info("{} {} is well again", subchannel, subchannel.pod());
        }
        health.readmit(subchannel.successes(), subchannel.failures());
        subchannel.startAnew();
        subchannel.setWatched(false);
        subchannel.offerProbe(false);
        changed(subchannel);
    }

    private void changed(TrackedSubchannel subchannel) {
        subchannel.holders().forEach(onChanged);
    }
}
