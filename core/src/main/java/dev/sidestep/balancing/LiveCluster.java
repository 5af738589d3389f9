package dev.sidestep.balancing;

import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Endpoint;
import dev.sidestep.model.Self;
import dev.sidestep.model.TrafficPolicy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A cluster as it stands in this process: its latest list, who of it may be used, and whose turn it is. One for a cluster,
 * under however many names it is asked. Confined to the owner, but for what says "any thread".
 */
final class LiveCluster {
    private static final Logger LOG = LoggerFactory.getLogger(LiveCluster.class);

    /** An endpoint of the latest list with the subchannel that stands for it here. */
    record Member(Endpoint endpoint, TrackedSubchannel subchannel) {}

    private final ClusterName name;
    private final Subchannels subchannels;
    private final Picker none;
    private final AtomicInteger cursor;
    private final RetryBudget budget;
    private final Set<Asked> askedAs = new LinkedHashSet<>();

    private volatile Cluster latest;
    private volatile boolean stale;
    private boolean confirmed;
    private long seenNanos;
    private EndpointFilter.Selection selection = new EndpointFilter.Selection(EndpointFilter.Rule.NONE, List.of());
    private List<Member> selected = List.of();
    private Map<String, Member> held = Map.of();
    private Picker picker;

    /**
     * @param none the picker for when no endpoint can be used
     * @param start where the first round begins: at random, or else all callers would begin with the same endpoint
     */
    LiveCluster(Cluster first, Subchannels subchannels, Picker none, int start, long nowNanos) {
        name = first.name();
        latest = first;
        this.subchannels = subchannels;
        this.none = none;
        picker = none;
        cursor = new AtomicInteger(start);
        budget = new RetryBudget(nowNanos, start);
    }

    /** Any thread. */
    ClusterName name() {
        return name;
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
    boolean mayRetry(boolean unprocessed, boolean idempotent, int attempts, long nowNanos) {
        TrafficPolicy.Retry retry = policy().retry();
        return retry.on().contains(TrafficPolicy.Retry.On.SAFE)
                && (unprocessed || idempotent)
                && attempts <= retry.attempts()
                && budget.take(nowNanos, cursor.get(), retry.budgetPercent());
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

    AtomicInteger cursor() {
        return cursor;
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
        Map<String, Member> now = new LinkedHashMap<>();
        List<Member> usable = new ArrayList<>();
        for (Endpoint endpoint : cluster.endpoints()) {
            boolean use = chosen.contains(endpoint);
            // One that terminates drains, unless only such are left: then it is used as before.
            if ((endpoint.terminating() && !use) || now.containsKey(endpoint.hostPort())) {
                continue;
            }
            subchannels.hold(endpoint).ifPresent(subchannel -> {
                var member = new Member(endpoint, subchannel);
                now.put(endpoint.hostPort(), member);
                if (use) {
                    usable.add(member);
                }
            });
        }
        held = now;
        selected = List.copyOf(usable);
        repick();
        subchannels.release(before.values().stream().map(Member::subchannel).toList());
    }

    /** Makes the picker anew. */
    void repick() {
        picker = selected.isEmpty() ? none : new RoundRobinPicker(schedule(selected), cursor);
    }

    /** Lets all endpoints go: nobody asks for the cluster any more, or it is gone. */
    void close() {
        subchannels.release(held.values().stream().map(Member::subchannel).toList());
        held = Map.of();
        selected = List.of();
        picker = none;
    }

    private static Subchannel[] schedule(List<Member> members) {
        int[] weights =
                members.stream().mapToInt(member -> member.endpoint().weight()).toArray();
        int[] order = Schedule.of(weights);
        var schedule = new Subchannel[order.length];
        for (int i = 0; i < order.length; i++) {
            schedule[i] = members.get(order[i]).subchannel();
        }
        return schedule;
    }
}
