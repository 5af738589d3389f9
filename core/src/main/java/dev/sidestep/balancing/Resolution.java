package dev.sidestep.balancing;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Mode;
import dev.sidestep.model.Self;
import dev.sidestep.naming.Candidate;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * From destinations to clusters: which names each can mean, what discovery says of them, and so where calls go. Confined to
 * the owner.
 */
final class Resolution implements Discovery.Watcher {
    /** A control plane answers what it does not know at once; one that is silent for longer must not delay calls. */
    private static final Duration OVERDUE = Duration.ofSeconds(1);

    /** How exact idle times are. */
    private static final Duration IDLE_TICK = Duration.ofMinutes(1);

    /** Destinations that are kept up to date; an application that calls more hosts finds out about some again. */
    private static final int MAX_AWAKE = 10_000;

    private static final int SECOND_CHANCES = 8;

    private final SerialExecutor owner;
    private final LoadBalancer.Settings settings;
    private final RandomGenerator random;
    private final Fallbacks fallbacks;
    private final Subchannels subchannels;
    private final Judge judge;
    private final BalancerMetrics metrics;
    private final Consumer<NamedDestination> onAsleep;
    private final Set<NamedDestination> awake = new LinkedHashSet<>();
    private final Map<String, Asked> asked = new HashMap<>();
    private final Set<Asked> absent = new LinkedHashSet<>(); // The longest absent first.
    private final Map<ClusterName, LiveCluster> clusters = new LinkedHashMap<>();
    private @Nullable Discovery discovery;
    private Self self;
    private boolean selfTold;
    private boolean connected;

    Resolution(
            SerialExecutor owner,
            LoadBalancer.Settings settings,
            RandomGenerator random,
            Fallbacks fallbacks,
            Consumer<NamedDestination> onAsleep) {
        this.owner = owner;
        this.settings = settings;
        this.random = random;
        this.fallbacks = fallbacks;
        metrics = new BalancerMetrics(owner);
        judge = new Judge(owner, random, this::repick);
        subchannels = new Subchannels(owner, judge::report);
        this.onAsleep = onAsleep;
        self = settings.self();
    }

    void start(Discovery started) {
        owner.checkCurrent();
        discovery = started;
        asked.values().forEach(this::ask);
        owner.schedule(IDLE_TICK, this::dropIdle);
        scan();
    }

    /** The subchannels of all clusters. Any thread. */
    Subchannels subchannels() {
        return subchannels;
    }

    /** Any thread. */
    void bindTo(MeterRegistry registry) {
        metrics.bindTo(registry, fallbacks, judge.ejections());
    }

    /** Any thread. */
    long ejections() {
        return judge.ejections().sum();
    }

    private void scan() {
        metrics.count(clusters.values());
        owner.schedule(judge.scan(subchannels.all(), clusters.values()), this::scan);
    }

    private void repick(LiveCluster live) {
        live.repick();
        evaluateUsers(live);
    }

    /** Finds out what a destination means; from now on it is kept up to date. */
    void open(NamedDestination destination) {
        owner.checkCurrent();
        if (awake.add(destination)) {
            makeRoom();
            destination.wasUsedAt(owner.nanoTime());
            resubscribe(destination);
            evaluate(destination);
        }
    }

    @Override
    public void onSelf(Self told) {
        owner.checkCurrent();
        if (selfTold && told.equals(self)) {
            return;
        }
        self = told;
        selfTold = true;
        List.copyOf(awake).forEach(this::resubscribe);
        clusters.values().forEach(live -> live.update(live.latest(), self));
        awake.forEach(this::evaluate);
    }

    @Override
    public void onCluster(String name, Cluster cluster, Duration age) {
        owner.checkCurrent();
        Asked of = asked.get(name);
        if (of == null) {
            return; // Let go of while the answer was on its way.
        }
        LiveCluster before = of.cluster();
        boolean byStream = age.isZero();
        LiveCluster live = clusters.get(cluster.name());
        if (!byStream && live != null && live.isConfirmed()) {
            cluster = live.latest(); // The disk never knows better than a stream did.
        } else if (live == null) {
            live = new LiveCluster(
                    cluster,
                    subchannels,
                    fallbacks.picker(PickResult.PassThrough.NO_ENDPOINTS),
                    random.nextInt(),
                    owner::nanoTime,
                    metrics.retries());
            clusters.put(cluster.name(), live);
            live.seen(owner.nanoTime() - age.toNanos(), byStream);
            live.update(cluster, self);
        } else {
            live.seen(owner.nanoTime() - age.toNanos(), byStream);
            if (!cluster.equals(live.latest())) {
                live.update(cluster, self);
            }
        }
        of.set(Asked.State.PRESENT, live);
        absent.remove(of);
        live.askedAs().add(of);
        checkStale(live);
        evaluateUsers(live);
        if (before != null && before != live) {
            leave(before, of);
        }
    }

    @Override
    public void onAbsent(String name) {
        owner.checkCurrent();
        Asked of = asked.get(name);
        if (of == null) {
            return;
        }
        LiveCluster before = of.cluster();
        of.set(Asked.State.ABSENT, null);
        absent.add(of);
        of.users().forEach(this::evaluate);
        if (before != null) {
            leave(before, of);
        }
        dropUnknown();
    }

    @Override
    public void onConnected() {
        owner.checkCurrent();
        connected = true;
        metrics.setConnected(true);
        clusters.values().forEach(this::checkStale);
        asked.values().forEach(this::expectAnswer);
        awake.forEach(this::evaluate);
    }

    @Override
    public void onDisconnected() {
        owner.checkCurrent();
        if (!connected) {
            return;
        }
        connected = false;
        metrics.setConnected(false);
        for (LiveCluster live : clusters.values()) {
            if (live.isConfirmed()) {
                live.seen(owner.nanoTime(), true);
            }
            checkStale(live);
        }
        awake.forEach(this::evaluate);
    }

    /** The mode of this process. */
    Mode callerMode() {
        return Mode.mostCautious(settings.mode(), self.mode());
    }

    private void resubscribe(NamedDestination destination) {
        List<Meaning> before = destination.meanings();
        List<Meaning> now = new ArrayList<>();
        for (Candidate candidate : destination.parsed().candidates(self, selfTold, destination.port())) {
            Asked of = asked.get(candidate.asked());
            if (of == null) {
                of = new Asked(candidate.asked());
                asked.put(candidate.asked(), of);
                ask(of);
            }
            of.users().add(destination);
            now.add(new Meaning(candidate.hostname(), of));
        }
        destination.setMeanings(now);
        for (Meaning old : before) {
            if (now.stream().noneMatch(meaning -> meaning.asked() == old.asked())) {
                stopUsing(old.asked(), destination);
            }
        }
    }

    private void ask(Asked of) {
        if (discovery == null) {
            return;
        }
        discovery.subscribe(of.name());
        // What discovery has on disk it tells in a task of its own, which was queued before this one.
        owner.execute(() -> {
            if (of.state() == Asked.State.ASKING) {
                of.set(Asked.State.UNANSWERED, null);
                of.users().forEach(this::evaluate);
            }
        });
        expectAnswer(of);
    }

    /** Stops waiting for an answer in time, so that a control plane that hangs does not hold calls up. */
    private void expectAnswer(Asked of) {
        if (!connected || of.isAnswered()) {
            return;
        }
        if (of.state() == Asked.State.OVERDUE) {
            of.set(Asked.State.UNANSWERED, null);
        }
        owner.schedule(OVERDUE, () -> {
            if (of.state() == Asked.State.UNANSWERED) {
                of.set(Asked.State.OVERDUE, null);
                of.users().forEach(this::evaluate);
            }
        });
    }

    private void stopUsing(Asked of, NamedDestination destination) {
        of.users().remove(destination);
        if (!of.users().isEmpty()) {
            return;
        }
        asked.remove(of.name());
        absent.remove(of);
        if (discovery != null) {
            discovery.unsubscribe(of.name());
        }
        LiveCluster live = of.cluster();
        if (live != null) {
            leave(live, of);
        }
    }

    private void leave(LiveCluster live, Asked of) {
        live.askedAs().remove(of);
        if (live.askedAs().isEmpty()) {
            clusters.remove(live.name());
            live.close();
        }
    }

    private void dropUnknown() {
        while (absent.size() > settings.maxUnknown()) {
            Asked oldest = absent.iterator().next();
            absent.remove(oldest);
            List.copyOf(oldest.users()).forEach(this::drop);
        }
    }

    /** Lets go of one that was not used of late, or else of the oldest of a few, when there are too many. */
    private void makeRoom() {
        if (awake.size() <= MAX_AWAKE) {
            return;
        }
        NamedDestination oldest = awake.iterator().next();
        for (int i = 0; i < SECOND_CHANCES && oldest.wasUsed(); i++) {
            oldest.wasUsedAt(owner.nanoTime());
            awake.remove(oldest);
            awake.add(oldest);
            oldest = awake.iterator().next();
        }
        drop(oldest);
    }

    private void dropIdle() {
        long now = owner.nanoTime();
        for (NamedDestination destination : List.copyOf(awake)) {
            if (destination.wasUsed()) {
                destination.wasUsedAt(now);
            } else if (connected
                    && now - destination.lastUsedNanos() >= settings.idleAfter().toNanos()) {
                drop(destination);
            }
        }
        owner.schedule(IDLE_TICK, this::dropIdle);
    }

    private void drop(NamedDestination destination) {
        awake.remove(destination);
        List<Meaning> meanings = destination.meanings();
        destination.setMeanings(List.of());
        meanings.forEach(meaning -> stopUsing(meaning.asked(), destination));
        onAsleep.accept(destination);
        destination.sleep();
    }

    private void checkStale(LiveCluster live) {
        boolean current = connected && live.isConfirmed();
        long left = settings.staleAfter().toNanos() - (owner.nanoTime() - live.seenNanos());
        boolean stale = !current && left <= 0;
        if (stale != live.isStale()) {
            live.setStale(stale);
            repick(live);
        }
        if (!current && left > 0) {
            owner.schedule(Duration.ofNanos(left), () -> checkStale(live));
        }
    }

    private void evaluateUsers(LiveCluster live) {
        live.askedAs().forEach(of -> of.users().forEach(this::evaluate));
    }

    private void evaluate(NamedDestination destination) {
        if (destination.meanings().isEmpty()) {
            passThrough(destination, PickResult.PassThrough.NOT_OURS);
            return;
        }
        if (callerMode() != Mode.BALANCE) {
            passThrough(destination, ofMode(callerMode()));
            return;
        }
        Answer answer = answer(destination.meanings());
        Meaning meaning = answer.meaning();
        LiveCluster live = meaning == null ? null : meaning.asked().cluster();
        if (meaning == null || live == null) {
            if (answer.passThrough() == null) {
                destination.publish(null, fallbacks.pending(), true);
            } else {
                passThrough(destination, answer.passThrough());
            }
        } else if (live.policy().mode() != Mode.BALANCE) {
            destination.publish(live, fallbacks.picker(ofMode(live.policy().mode())), false);
        } else {
            destination.publish(live, meaning.picker(live, fallbacks), false);
        }
    }

    private void passThrough(NamedDestination destination, PickResult.PassThrough result) {
        destination.publish(null, fallbacks.picker(result), false);
    }

    /** The one meaning that holds, or why none does: null in both while an answer is out. */
    record Answer(@Nullable Meaning meaning, PickResult.@Nullable PassThrough passThrough) {}

    /** The first in search order that exists, once all before it were answered. */
    private Answer answer(List<Meaning> meanings) {
        boolean silent = false;
        for (Meaning meaning : meanings) {
            switch (meaning.asked().state()) {
                case ASKING -> {
                    return new Answer(null, null);
                }
                case UNANSWERED -> {
                    if (connected) {
                        return new Answer(null, null);
                    }
                    silent = true; // The disk knows all that existed: what it does not know, did not.
                }
                case OVERDUE -> silent = true;
                case ABSENT -> {}
                case PRESENT -> {
                    if (meaning.exists()) {
                        return new Answer(meaning, null);
                    }
                }
            }
        }
        return new Answer(
                null, silent ? PickResult.PassThrough.NO_CONTROL_PLANE : PickResult.PassThrough.UNKNOWN_SERVICE);
    }

    private static PickResult.PassThrough ofMode(Mode mode) {
        return mode == Mode.OFF ? PickResult.PassThrough.MODE_OFF : PickResult.PassThrough.MODE_OBSERVE;
    }

    Status status() {
        owner.checkCurrent();
        return new Status(
                connected,
                selfTold,
                self,
                callerMode(),
                awake.stream()
                        .map(destination -> new Status.DestinationStatus(
                                destination.host(),
                                destination.port(),
                                Report.answer(destination.picker()),
                                Optional.ofNullable(destination.live()).map(LiveCluster::name)))
                        .toList(),
                clusters.values().stream().map(this::report).toList());
    }

    Explanation explain(NamedDestination destination) {
        owner.checkCurrent();
        LiveCluster live = destination.live();
        Meaning held = answer(destination.meanings()).meaning();
        String answer = Report.answer(destination.picker());
        return new Explanation(
                destination.host(),
                destination.port(),
                answer,
                Report.why(answer, live),
                destination.meanings().stream()
                        .map(meaning -> Report.tried(meaning, meaning.equals(held)))
                        .toList(),
                callerMode(),
                Optional.ofNullable(live).map(of -> of.policy().mode()),
                destination.mayConnect(),
                connected,
                Optional.ofNullable(live).map(this::report));
    }

    Explanation explainNotOurs(String host, int port) {
        owner.checkCurrent();
        String answer = PickResult.PassThrough.NOT_OURS.name();
        return new Explanation(
                host,
                port,
                answer,
                Report.why(answer, null),
                List.of(),
                callerMode(),
                Optional.empty(),
                true,
                connected,
                Optional.empty());
    }

    private Status.ClusterStatus report(LiveCluster live) {
        boolean current = connected && live.isConfirmed();
        return Report.cluster(
                live,
                Mode.mostCautious(callerMode(), live.policy().mode()),
                current,
                current ? Duration.ZERO : Duration.ofNanos(owner.nanoTime() - live.seenNanos()));
    }
}
