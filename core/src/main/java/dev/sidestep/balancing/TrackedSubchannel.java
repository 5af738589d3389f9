package dev.sidestep.balancing;

import static java.util.Objects.requireNonNull;

import dev.sidestep.naming.AddressLiteral;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/**
 * The only kind of {@link Subchannel}: counts what its calls tell, for the {@link Judge} to read. What the data planes call is
 * for any thread; all else is confined to the owner, unless it says otherwise.
 *
 * <p>A call on a healthy endpoint costs one addition when it starts, one at its first byte, two when it ends.
 */
final class TrackedSubchannel extends Subchannel {
    /** One attempt without a byte of its response, in the upper half of {@link #calls}. */
    private static final long WAITING = 1L << 32;

    /**
     * What failed since the last success.
     *
     * @param failures attempts that failed
     * @param connect evidence that it cannot be connected to: two for a connection refused, one for none in time
     * @param silent attempts given up for want of a first byte
     */
    record Run(int failures, int connect, int silent) {
        static final Run NONE = new Run(0, 0, 0);
    }

    private final InetSocketAddress address;
    private final String pod;
    private final String hostPort;
    private final Consumer<TrackedSubchannel> report;
    private final Health health;

    // Attempts in flight in the lower half, those without a byte of their response in the upper: one addition for both.
    private final AtomicLong calls = new AtomicLong();
    private final Latencies latencies = new Latencies();
    private final AtomicInteger unseenSuccesses = new AtomicInteger();
    private final AtomicInteger failures = new AtomicInteger();
    private final AtomicReference<Run> run = new AtomicReference<>(Run.NONE);
    private final AtomicBoolean reported = new AtomicBoolean();
    private final AtomicBoolean probe = new AtomicBoolean();
    private volatile long waitStartNanos;
    private volatile long lastByteNanos;
    private final AtomicLong lastFailedStartNanos;
    private volatile long patienceNanos = Judge.MIN_PATIENCE.toNanos();
    private volatile boolean watched;
    private volatile boolean draining;

    private final List<LiveCluster> holders = new ArrayList<>(1);
    private long drainedNanos;

    /**
     * @param report hears on any thread that there is something to judge, once until {@link #takeReport}
     * @param nowNanos the time, where no byte was seen yet
     */
    TrackedSubchannel(
            InetSocketAddress address, String pod, Consumer<TrackedSubchannel> report, Health health, long nowNanos) {
        this.address = address;
        this.pod = pod;
        this.report = report;
        this.health = health;
        hostPort = AddressLiteral.hostPort(address.getAddress(), address.getPort());
        waitStartNanos = nowNanos;
        lastByteNanos = nowNanos;
        lastFailedStartNanos = new AtomicLong(nowNanos - 1);
    }

    @Override
    public InetSocketAddress address() {
        return address;
    }

    @Override
    public String pod() {
        return pod;
    }

    @Override
    public void started(long nowNanos) {
        // Before the addition, so that the owner never sees an attempt wait since a time before it began; and after it,
        // in
        // case the last one that waited has just ended.
        if (calls.get() < WAITING) {
            waitStartNanos = nowNanos;
        }
        if (calls.getAndAdd(WAITING + 1) < WAITING) {
            waitStartNanos = nowNanos;
        }
    }

    @Override
    public void firstByte(long nowNanos) {
        lastByteNanos = nowNanos;
        calls.getAndAdd(-WAITING);
    }

    @Override
    public void ended(Outcome outcome, boolean firstByteSeen, long nanos) {
        calls.getAndAdd(firstByteSeen ? -1 : -WAITING - 1);
        if (outcome == Outcome.SUCCESS) {
            if (firstByteSeen) {
                latencies.record(nanos);
            } else {
                unseenSuccesses.getAndIncrement();
            }
            if (run().failures() != 0) {
                run.set(Run.NONE);
            }
            if (watched) {
                report();
            }
        } else {
            unsuccessful(outcome, firstByteSeen, nanos);
        }
    }

    private void unsuccessful(Outcome outcome, boolean firstByteSeen, long nanos) {
        boolean silent = outcome == Outcome.TIMEOUT || outcome == Outcome.NEUTRAL;
        if (silent && (firstByteSeen || nanos < patienceNanos || lastByteNanos - (health.nanoTime() - nanos) > 0)) {
            return; // The caller was in a hurry, or others of its calls were answered meanwhile: that says nothing.
        }
        int connect = outcome == Outcome.CONNECT_FAILED ? 2 : outcome == Outcome.CONNECT_TIMEOUT ? 1 : 0;
        lastFailedStartNanos.accumulateAndGet(health.nanoTime() - nanos, (last, mine) -> mine - last > 0 ? mine : last);
        failures.getAndIncrement();
        run.updateAndGet(last -> new Run(
                saturated(last.failures() + 1),
                saturated(last.connect() + connect),
                saturated(last.silent() + (silent ? 1 : 0))));
        report();
    }

    private static int saturated(int count) {
        return Math.min(count, 1_000_000);
    }

    private void report() {
        if (!reported.get() && reported.compareAndSet(false, true)) {
            report.accept(this);
        }
    }

    @Override
    public int inFlight() {
        return (int) calls.get();
    }

    @Override
    public boolean draining() {
        return draining;
    }

    /** Takes the one call that finds out whether it is well, if one is due. Any thread. */
    boolean takeProbe() {
        return probe.get() && probe.compareAndSet(true, false);
    }

    /** Offers one probe, or takes back the offer. */
    void offerProbe(boolean offered) {
        probe.set(offered);
    }

    boolean isProbeOffered() {
        return probe.get();
    }

    Health health() {
        return health;
    }

    Latencies latencies() {
        return latencies;
    }

    /** Makes room for the next report; to be called before what is reported is read. */
    void takeReport() {
        reported.set(false);
    }

    /** Attempts without a byte of their response. */
    int waiting() {
        return (int) (calls.get() >>> 32);
    }

    /** Since when attempts have waited without any byte from it; says nothing unless some wait. */
    long silentSinceNanos() {
        long started = waitStartNanos;
        long heard = lastByteNanos;
        return heard - started > 0 ? heard : started;
    }

    long lastByteNanos() {
        return lastByteNanos;
    }

    /** When the attempt that failed last began. */
    long lastFailedStartNanos() {
        return lastFailedStartNanos.get();
    }

    long successes() {
        return latencies.total() + Integer.toUnsignedLong(unseenSuccesses.get());
    }

    int failures() {
        return failures.get();
    }

    Run run() {
        return requireNonNull(run.get());
    }

    /** The share of calls that failed of late; NaN if there were none that speak of the application. */
    double failureRate() {
        if (health.state() != Health.State.READY && health.cause().isHard()) {
            return Double.NaN;
        }
        int failed = health.recentFailures(failures());
        long succeeded = health.recentSuccesses(successes());
        if (failed + succeeded > 0) {
            return (double) failed / (failed + succeeded);
        }
        // So few calls that ten seconds saw none: then the last one speaks.
        return run().failures() > 0 ? 1 : successes() > 0 ? 0 : Double.NaN;
    }

    /** Forgets the run of failures. */
    void startAnew() {
        run.set(Run.NONE);
    }

    /** Kubernetes has probed it anew and found it well: no need to leave it alone to the end, one call may see. */
    void hearReady() {
        if (health.state() == Health.State.EJECTED) {
            health.probeEarly(successes());
            offerProbe(true);
        }
    }

    /** Whether its successes are reported too. */
    void setWatched(boolean watched) {
        this.watched = watched;
    }

    /** How long a caller must have waited for its giving up to say something. */
    void setPatience(long nanos) {
        if (nanos != patienceNanos) {
            patienceNanos = nanos;
        }
    }

    /** Whether the pod behind it is still the same, as far as one can tell. */
    boolean isOf(String otherPod) {
        return pod.equals(otherPod) || pod.isEmpty() || otherPod.isEmpty();
    }

    /** The clusters that send calls here. */
    List<LiveCluster> holders() {
        return holders;
    }

    void hold(LiveCluster cluster) {
        if (!holders.contains(cluster)) {
            holders.add(cluster);
        }
        draining = false;
    }

    /** Whether {@code cluster} was the last, so that it drains from now on. */
    boolean release(LiveCluster cluster) {
        holders.remove(cluster);
        if (!holders.isEmpty()) {
            return false;
        }
        draining = true;
        drainedNanos = health.nanoTime();
        return true;
    }

    long drainedNanos() {
        return drainedNanos;
    }

    @Override
    public String toString() {
        return hostPort;
    }
}
