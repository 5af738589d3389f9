package dev.sidestep.balancing;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.load.Loads;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Mode;
import dev.sidestep.model.Self;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * From destinations to clusters: which names each can mean, what discovery says of them, and so where calls go. Confined to
 * the owner.
 */
final class Resolution implements Discovery.Watcher {
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
    private final Subscriptions subscriptions;
    private final BalancerMetrics metrics;
    private final Loads loads = new Loads();
    private final Consumer<NamedDestination> onAsleep;
    private final Set<NamedDestination> awake = new LinkedHashSet<>();
    private final Map<ClusterName, LiveCluster> clusters = new LinkedHashMap<>();
    private Self self;
    private boolean selfTold;

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
        subscriptions = new Subscriptions(owner, this::evaluate);
        judge = new Judge(owner, random, this::repick);
        subchannels = new Subchannels(owner, judge::report);
        this.onAsleep = onAsleep;
        self = settings.self();
    }

    void start(Discovery started) {
        owner.checkCurrent();
        subscriptions.start(started);
        owner.schedule(IDLE_TICK, this::dropIdle);
        scan();
    }

    /** The subchannels of all clusters. Any thread. */
    Subchannels subchannels() {
        return subchannels;
    }

    /** Any thread. */
    void onHung(Consumer<Subchannel> listener) {
        judge.onHung(listener);
    }

    /** Any thread. */
    void bindTo(MeterRegistry registry) {
        metrics.bindTo(registry, fallbacks, judge.ejections());
    }

    /** Any thread. */
    long ejections() {
        return judge.ejections().sum();
    }

    /** What is sent to whom. Any thread. */
    Loads loads() {
        return loads;
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
        Asked of = subscriptions.find(name);
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
                    metrics.retries(),
                    loads.of(cluster.name()));
            clusters.put(cluster.name(), live);
            live.seen(owner.nanoTime() - age.toNanos(), byStream);
            live.update(cluster, self);
        } else {
            live.seen(owner.nanoTime() - age.toNanos(), byStream);
            if (!cluster.equals(live.latest())) {
                live.update(cluster, self);
            }
        }
        subscriptions.answered(of, live);
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
        Asked of = subscriptions.find(name);
        if (of == null) {
            return;
        }
        LiveCluster before = of.cluster();
        subscriptions.answered(of, null);
        of.users().forEach(this::evaluate);
        if (before != null) {
            leave(before, of);
        }
        dropUnknown();
    }

    @Override
    public void onConnected() {
        owner.checkCurrent();
        subscriptions.setConnected(true);
        metrics.setConnected(true);
        clusters.values().forEach(this::checkStale);
        awake.forEach(this::evaluate);
    }

    @Override
    public void onDisconnected() {
        owner.checkCurrent();
        if (!subscriptions.isConnected()) {
            return;
        }
        subscriptions.setConnected(false);
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
        List<Meaning> now = destination.parsed().candidates(self, selfTold, destination.port()).stream()
                .map(it -> new Meaning(it.hostname(), subscriptions.use(it.asked(), destination)))
                .toList();
        destination.setMeanings(now);
        for (Meaning old : before) {
            if (now.stream().noneMatch(meaning -> meaning.asked() == old.asked())) {
                stopUsing(old.asked(), destination);
            }
        }
    }

    private void stopUsing(Asked of, NamedDestination destination) {
        LiveCluster live = of.cluster();
        if (subscriptions.stopUsing(of, destination) && live != null) {
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
        List<NamedDestination> users = subscriptions.usersOfTooMany(settings.maxUnknown());
        while (!users.isEmpty()) {
            users.forEach(this::drop);
            users = subscriptions.usersOfTooMany(settings.maxUnknown());
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
            } else if (subscriptions.isConnected()
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
        boolean current = subscriptions.isConnected() && live.isConfirmed();
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
        if (callerMode() == Mode.OFF) {
            passThrough(destination, PickResult.PassThrough.MODE_OFF);
            return;
        }
        Answer answer = answer(destination.meanings());
        Meaning meaning = answer.meaning();
        LiveCluster live = meaning == null ? null : meaning.asked().cluster();
        if (meaning == null || live == null) {
            if (callerMode() == Mode.OBSERVE) {
                // As without us, so that nothing is waited for; until there is an answer it is counted for nobody.
                passThrough(destination, PickResult.PassThrough.MODE_OBSERVE);
            } else if (answer.passThrough() == null) {
                destination.publish(null, fallbacks.pending(), true);
            } else {
                passThrough(destination, answer.passThrough());
            }
        } else if (Mode.mostCautious(callerMode(), live.policy().mode()) != Mode.BALANCE) {
            Mode mode = Mode.mostCautious(callerMode(), live.policy().mode());
            destination.publish(live, fallbacks.picker(ofMode(mode)), false);
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
                    if (subscriptions.isConnected()) {
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
        return report().status(awake, clusters.values());
    }

    Explanation explain(NamedDestination destination) {
        owner.checkCurrent();
        return report().explain(destination, answer(destination.meanings()).meaning());
    }

    Explanation explainNotOurs(String host, int port) {
        owner.checkCurrent();
        return report().explainNotOurs(host, port);
    }

    private Report report() {
        return new Report(subscriptions.isConnected(), selfTold, self, callerMode(), owner.nanoTime());
    }
}
