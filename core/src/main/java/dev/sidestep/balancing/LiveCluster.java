package dev.sidestep.balancing;

import dev.sidestep.load.ServiceLoad;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Endpoint;
import dev.sidestep.model.Self;
import dev.sidestep.model.TrafficPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A cluster as it stands in this process: its latest list, who of it may be used, and whose turn it is. One for a cluster,
 * under however many names it is asked. Confined to the owner, but for what says "any thread".
 */
final class LiveCluster {
    private static final Logger LOG = LoggerFactory.getLogger(LiveCluster.class);

    /**
     * An endpoint of the latest list with the subchannel that stands for it here.
     *
     * @param selected whether the filter lets this caller use it
     */
    record Member(Endpoint endpoint, TrackedSubchannel subchannel, boolean selected) {}

    private final ClusterName name;
    private final Subchannels subchannels;
    private final Picker none;
    private final Cursor cursor;
    private final RetryBudget budget;
    private final LongSupplier clock;
    private final LongAdder retries;
    private final ServiceLoad load;
    private final Common common = new Common();
    private final Set<Asked> askedAs = new LinkedHashSet<>();

    private volatile Cluster latest;
    private volatile boolean stale;
    private boolean confirmed;
    private long seenNanos;
    private EndpointFilter.Selection selection = new EndpointFilter.Selection(EndpointFilter.Rule.NONE, List.of());
    private List<Member> selected = List.of();
    private Map<String, Member> held = Map.of();
    private final Map<Status.EndpointState, Integer> unselected = new EnumMap<>(Status.EndpointState.class);
    private Set<TrackedSubchannel> excluded = Set.of();
    private boolean panic;
    private long patienceNanos = Judge.MIN_PATIENCE.toNanos();
    private Picker picker;

    /**
     * @param none the picker for when no endpoint can be used
     * @param start where the first round begins: at random, or else all callers would begin with the same endpoint
     * @param clock the owner's; any thread
     * @param retries counts those that are granted
     * @param load where it is counted what is sent to it
     */
    LiveCluster(
            Cluster first,
            Subchannels subchannels,
            Picker none,
            int start,
            LongSupplier clock,
            LongAdder retries,
            ServiceLoad load) {
        name = first.name();
        latest = first;
        this.subchannels = subchannels;
        this.none = none;
        picker = none;
        cursor = new Cursor(start);
        budget = new RetryBudget(clock.getAsLong(), start);
        this.clock = clock;
        this.retries = retries;
        this.load = load;
    }

    /** Any thread. */
    ClusterName name() {
        return name;
    }

    /** Any thread. */
    ServiceLoad load() {
        return load;
    }

    /** Any thread. */
    Cluster latest() {
        return latest;
    }

    /** Any thread. */
    TrafficPolicy policy() {
        return latest.policy();
    }

    /** Whether connections may be opened by address. Any thread. */
    boolean mayConnect() {
        return !stale || latest.addresses().isEmpty();
    }

    /** Any thread. */
    boolean mayRetry(boolean unprocessed, boolean idempotent, int attempts) {
        TrafficPolicy.Retry retry = policy().retry();
        return retry.onLoss(unprocessed, idempotent) && takeRetry(retry, attempts);
    }

    /** Any thread. */
    boolean mayRetryAnswer(int httpStatus, int grpcStatus, int attempts) {
        TrafficPolicy.Retry retry = policy().retry();
        return retry.onAnswer(httpStatus, grpcStatus) && takeRetry(retry, attempts);
    }

    private boolean takeRetry(TrafficPolicy.Retry retry, int attempts) {
        boolean taken =
                attempts <= retry.attempts() && budget.take(clock.getAsLong(), cursor.calls(), retry.budgetPercent());
        if (taken) {
            retries.increment();
        }
        return taken;
    }

    Set<Asked> askedAs() {
        return askedAs;
    }

    Picker picker() {
        return picker;
    }

    EndpointFilter.Selection selection() {
        return selection;
    }

    /** The members that the filter lets this caller use. */
    List<Member> selected() {
        return selected;
    }

    /** The latest list was known to hold at {@code nanos}; by the stream, or else by what was kept on disk. */
    void seen(long nanos, boolean byStream) {
        seenNanos = nanos;
        confirmed = byStream;
    }

    /** Whether a stream told the latest list, rather than the disk. */
    boolean isConfirmed() {
        return confirmed;
    }

    /** When the latest list was last known to hold, while it is not. */
    long seenNanos() {
        return seenNanos;
    }

    boolean isStale() {
        return stale;
    }

    void setStale(boolean stale) {
        this.stale = stale;
    }

    /** The endpoints with this label below a headless Service; empty if the name does not exist in DNS either. */
    List<TrackedSubchannel> pinned(String hostname) {
        if (!latest.headless()) {
            return List.of();
        }
        return held.values().stream()
                .filter(member -> member.endpoint().hostname().equalsIgnoreCase(hostname))
                .filter(member -> member.endpoint().ready())
                .map(Member::subchannel)
                .toList();
    }

    /** Whether a pod of this label belongs to the headless Service, ready or not. */
    boolean hasPod(String hostname) {
        return latest.headless()
                && latest.endpoints().stream()
                        .anyMatch(endpoint -> endpoint.hostname().equalsIgnoreCase(hostname));
    }

    /** Takes the latest list, for a caller such as {@code self}. */
    void update(Cluster cluster, Self self) {
        boolean newBalancer = cluster.policy().balancer() != latest.policy().balancer() || askedAs.isEmpty();
        if (newBalancer && cluster.policy().balancer() != TrafficPolicy.Balancer.ROUND_ROBIN) {
            LOG.info(
                    "{}: balancer {} is not available yet, round-robin is used",
                    name,
                    cluster.policy().balancer());
        }
        latest = cluster;
        selection = EndpointFilter.select(cluster.endpoints(), cluster.policy().localOnly(), self.node(), self.zone());
        Set<Endpoint> chosen = Collections.newSetFromMap(new IdentityHashMap<>());
        chosen.addAll(selection.endpoints());
        Map<String, Member> before = held;
        Map<String, Member> now = new LinkedHashMap<>(before.size() * 4 / 3 + 16);
        List<Member> usable = new ArrayList<>(selection.endpoints().size());
        for (Endpoint endpoint : cluster.endpoints()) {
            boolean use = chosen.contains(endpoint);
            if (endpoint.terminating() && !use) {
                continue; // It drains. If only such are left, they are used as before.
            }
            String key = endpoint.hostPort();
            Optional<Member> member = member(endpoint, before.get(key), use);
            if (member.isPresent() && now.putIfAbsent(key, member.get()) == null && use) {
                usable.add(member.get());
            }
        }
        held = now;
        selected = List.copyOf(usable);
        unselected.clear();
        for (Endpoint endpoint : cluster.endpoints()) {
            if (!chosen.contains(endpoint)) {
                unselected.merge(state(endpoint), 1, Integer::sum);
            }
        }
        repick();
        List<TrackedSubchannel> gone = new ArrayList<>();
        before.forEach((key, member) -> {
            Member still = now.get(key);
            if (still == null || still.subchannel() != member.subchannel()) {
                gone.add(member.subchannel());
            }
        });
        subchannels.release(gone, this);
    }

    /**
     * What stands for {@code endpoint} here.
     *
     * @param last what stood for its address in the list before
     */
    private Optional<Member> member(Endpoint endpoint, @Nullable Member last, boolean use) {
        if (last == null || !last.subchannel().isOf(endpoint.pod())) {
            return subchannels.hold(endpoint, this).map(subchannel -> new Member(endpoint, subchannel, use));
        }
        if (endpoint.ready() && !last.endpoint().ready()) {
            last.subchannel().hearReady();
        }
        return Optional.of(new Member(endpoint, last.subchannel(), use));
    }

    /** What stands between {@code endpoint}, of the latest list, and a pick. */
    Status.EndpointState state(Endpoint endpoint) {
        Member member = held.get(endpoint.hostPort());
        if (member != null && member.selected()) {
            return stateOf(member);
        }
        return endpoint.terminating()
                ? Status.EndpointState.TERMINATING
                : endpoint.ready() ? Status.EndpointState.ELSEWHERE : Status.EndpointState.NOT_READY;
    }

    /** What stands for {@code endpoint}, if the filter lets this caller use it. */
    @Nullable
    TrackedSubchannel subchannel(Endpoint endpoint) {
        Member member = held.get(endpoint.hostPort());
        return member != null && member.selected() ? member.subchannel() : null;
    }

    /** Adds how many of its endpoints are in each state. */
    void countStates(Map<Status.EndpointState, Integer> counts) {
        unselected.forEach((state, count) -> counts.merge(state, count, Integer::sum));
        selected.forEach(member -> counts.merge(stateOf(member), 1, Integer::sum));
    }

    private static Status.EndpointState stateOf(Member member) {
        return Status.EndpointState.valueOf(member.subchannel().health().state().name());
    }

    /** Makes the picker anew, because what is thought of the endpoints has changed. */
    void repick() {
        if (selected.isEmpty()) {
            picker = none;
            excluded = Set.of();
            panic = false;
            return;
        }
        Rotation rotation = Rotation.of(selected, policy());
        excluded = rotation.excluded();
        panic = rotation.panic();
        // An address of a stale list may be another pod's by now: it is not dialled to find out.
        Picker next = rotation.picker(cursor, mayConnect());
        picker =
                policy().affinityTimeout().map(timeout -> sticky(next, timeout)).orElse(next);
    }

    private Picker sticky(Picker rest, Duration timeout) {
        var sticky = new StickyPicker(rest, timeout.toNanos(), clock);
        if (picker instanceof StickyPicker before) {
            sticky.goOnFrom(
                    before,
                    subchannel -> selected.stream()
                            .anyMatch(member -> member.subchannel() == subchannel && !excluded.contains(subchannel)));
        }
        return sticky;
    }

    /** Those of the selected that take no calls, but for probes. */
    Set<TrackedSubchannel> excluded() {
        return excluded;
    }

    /** Whether none is left alone because too few were left. */
    boolean isPanic() {
        return panic;
    }

    /** What its endpoints have in common. */
    Common common() {
        return common;
    }

    /** How long a silence of one of its endpoints may last. */
    long patienceNanos() {
        return patienceNanos;
    }

    void setPatience(long nanos) {
        patienceNanos = nanos;
    }

    /** Lets all endpoints go: nobody asks for the cluster any more, or it is gone. */
    void close() {
        subchannels.release(held.values().stream().map(Member::subchannel).toList(), this);
        held = Map.of();
        selected = List.of();
        picker = none;
    }
}
