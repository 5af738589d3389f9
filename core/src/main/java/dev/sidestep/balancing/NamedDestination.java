package dev.sidestep.balancing;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.load.ServiceLoad;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.TrafficPolicy;
import dev.sidestep.naming.CallerHost;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The only kind of {@link Destination}. It sleeps until it is first asked, and again after it was dropped for being idle: a
 * data plane may keep it for good. What is not in the interface is confined to the owner.
 */
final class NamedDestination implements Destination {
    private final String host;
    private final int port;
    private final CallerHost parsed;
    private final SerialExecutor owner;
    private final Consumer<NamedDestination> wake;
    private final Picker asleep = new Asleep();
    private final AtomicBoolean awake = new AtomicBoolean();
    private volatile Picker picker = asleep;
    private volatile @Nullable LiveCluster cluster;
    private volatile boolean used = true;
    private long lastUsedNanos;
    private boolean pending = true;
    private List<Meaning> meanings = List.of();
    private List<Runnable> waiting = List.of();

    /** @param wake begins to find out what it means, on the owner */
    NamedDestination(String host, int port, CallerHost parsed, SerialExecutor owner, Consumer<NamedDestination> wake) {
        this.host = host;
        this.port = port;
        this.parsed = parsed;
        this.owner = owner;
        this.wake = wake;
    }

    @Override
    public PickResult pick() {
        if (!used) {
            used = true; // Written once a minute, not once a call.
        }
        return picker.pick();
    }

    @Override
    public @Nullable PickResult peek() {
        used = true;
        return picker.fixed();
    }

    @Override
    public PickResult pickAnother(List<Subchannel> tried) {
        return picker.pickAnother(tried);
    }

    @Override
    public boolean hasAnother(List<Subchannel> tried) {
        return picker.hasAnother(tried);
    }

    @Override
    public boolean mayRetry(boolean unprocessed, boolean idempotent, int attempts) {
        LiveCluster live = cluster;
        return live != null && live.mayRetry(unprocessed, idempotent, attempts);
    }

    @Override
    public boolean mayRetryAnswer(int httpStatus, int grpcStatus, int attempts) {
        LiveCluster live = cluster;
        return live != null && live.mayRetryAnswer(httpStatus, grpcStatus, attempts);
    }

    @Override
    public boolean mayConnect() {
        LiveCluster live = cluster;
        return live == null || live.mayConnect();
    }

    @Override
    public Optional<Cluster> cluster() {
        return Optional.ofNullable(cluster).map(LiveCluster::latest);
    }

    @Override
    public ServiceLoad load() {
        LiveCluster live = cluster;
        return live == null || picker.fixed() == PickResult.PassThrough.MODE_OFF ? ServiceLoad.NONE : live.load();
    }

    @Override
    public TrafficPolicy policy() {
        LiveCluster live = cluster;
        return live == null ? TrafficPolicy.DEFAULT : live.policy();
    }

    @Override
    public void onAnswer(Runnable task) {
        wakeUp();
        owner.execute(() -> {
            if (!pending) {
                task.run();
                return;
            }
            if (waiting.isEmpty()) {
                waiting = new ArrayList<>();
            }
            waiting.add(task);
        });
    }

    String host() {
        return host;
    }

    int port() {
        return port;
    }

    CallerHost parsed() {
        return parsed;
    }

    /** What it can mean, in search order. */
    List<Meaning> meanings() {
        return meanings;
    }

    void setMeanings(List<Meaning> meanings) {
        this.meanings = meanings;
    }

    /** Whether it was picked from since this was last asked. */
    boolean wasUsed() {
        boolean was = used;
        used = false;
        return was;
    }

    void wasUsedAt(long nanos) {
        lastUsedNanos = nanos;
    }

    long lastUsedNanos() {
        return lastUsedNanos;
    }

    Picker picker() {
        return picker;
    }

    @Nullable
    LiveCluster live() {
        return cluster;
    }

    /** What holds from now on. */
    void publish(@Nullable LiveCluster newCluster, Picker newPicker, boolean nowPending) {
        owner.checkCurrent();
        cluster = newCluster;
        picker = newPicker;
        pending = nowPending;
        if (!nowPending) {
            List<Runnable> answered = waiting;
            waiting = List.of();
            answered.forEach(owner::execute); // Each in a task of its own: one that throws stops no other.
        }
    }

    /** Nobody asks for it any more; who still holds it wakes it by picking. */
    void sleep() {
        owner.checkCurrent();
        awake.set(false);
        publish(null, asleep, false);
        pending = true;
    }

    /** Makes sure that it is found out what it means. Any thread. */
    void wakeUp() {
        if (!awake.get() && awake.compareAndSet(false, true)) {
            owner.execute(() -> wake.accept(this));
        }
    }

    /** Wakes the destination by the first pick. */
    private final class Asleep implements Picker {
        @Override
        public PickResult pick() {
            wakeUp();
            return PickResult.Pending.PENDING;
        }

        @Override
        public PickResult fixed() {
            return pick();
        }

        @Override
        public PickResult pickAnother(List<Subchannel> tried) {
            return pick();
        }

        @Override
        public boolean hasAnother(List<Subchannel> tried) {
            return false;
        }
    }

    @Override
    public String toString() {
        return host + ":" + port;
    }
}
