package dev.sidestep.balancing;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.model.Endpoint;
import dev.sidestep.naming.AddressLiteral;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * One subchannel for each address, whatever clusters it is in. It is kept for a while after the last of them let it go, so
 * that what was learned of an endpoint is not forgotten when it moves between slices or Services. Confined to the owner.
 */
final class Subchannels {
    /** Longer than any rollout keeps an endpoint away, shorter than addresses commonly take to come around. */
    private static final Duration REMEMBERED = Duration.ofMinutes(5);

    private final SerialExecutor owner;
    private final Map<String, TrackedSubchannel> byAddress = new HashMap<>();
    private final List<Consumer<Subchannel>> drainListeners = new CopyOnWriteArrayList<>();
    private final Consumer<TrackedSubchannel> report;

    /** @param report hears on any thread of subchannels on which something happened */
    Subchannels(SerialExecutor owner, Consumer<TrackedSubchannel> report) {
        this.owner = owner;
        this.report = report;
    }

    /** Any thread. */
    void onDrained(Consumer<Subchannel> listener) {
        drainListeners.add(listener);
    }

    /** The subchannel of {@code endpoint}, held by {@code cluster} now; empty if its address is none. */
    Optional<TrackedSubchannel> hold(Endpoint endpoint, LiveCluster cluster) {
        owner.checkCurrent();
        TrackedSubchannel known = byAddress.get(endpoint.hostPort());
        if (known == null || !known.isOf(endpoint.pod())) {
            // Pod addresses are reused: what the last pod did says nothing about this one.
            Optional<TrackedSubchannel> made =
                    AddressLiteral.parse(endpoint.address()).map(address -> make(address, endpoint));
            if (made.isEmpty()) {
                return made;
            }
            known = made.get();
            byAddress.put(endpoint.hostPort(), known);
        }
        known.hold(cluster);
        return Optional.of(known);
    }

    private TrackedSubchannel make(InetAddress address, Endpoint endpoint) {
        var health = new Health(owner, endpoint.hostPort());
        return new TrackedSubchannel(
                new InetSocketAddress(address, endpoint.port()), endpoint.pod(), report, health, owner.nanoTime());
    }

    Collection<TrackedSubchannel> all() {
        owner.checkCurrent();
        return byAddress.values();
    }

    /** Undoes {@link #hold}; those that nobody holds drain. */
    void release(Collection<TrackedSubchannel> held, LiveCluster cluster) {
        owner.checkCurrent();
        var drained = new ArrayList<TrackedSubchannel>();
        for (TrackedSubchannel subchannel : held) {
            if (subchannel.release(cluster)) {
                drained.add(subchannel);
            }
        }
        if (drained.isEmpty()) {
            return;
        }
        // In a task of its own: by then the pickers without them are out.
        owner.execute(() -> drained.forEach(this::tellDrained));
        owner.schedule(REMEMBERED, () -> drained.forEach(this::forget));
    }

    private void tellDrained(TrackedSubchannel subchannel) {
        if (subchannel.draining()) {
            drainListeners.forEach(listener -> listener.accept(subchannel));
        }
    }

    private void forget(TrackedSubchannel subchannel) {
        if (subchannel.draining() && owner.nanoTime() - subchannel.drainedNanos() >= REMEMBERED.toNanos()) {
            byAddress.remove(subchannel.toString(), subchannel);
        }
    }
}
