package dev.sidestep.balancing;

import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicInteger;

/** The only kind of {@link Subchannel}. */
final class TrackedSubchannel extends Subchannel {
    private final InetSocketAddress address;
    private final String pod;
    private final AtomicInteger inFlight = new AtomicInteger();
    private volatile boolean draining;

    TrackedSubchannel(InetSocketAddress address, String pod) {
        this.address = address;
        this.pod = pod;
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
        inFlight.incrementAndGet();
    }

    @Override
    public void firstByte(long nowNanos) {}

    @Override
    public void ended(Outcome outcome, boolean firstByteSeen, long nanos) {
        inFlight.decrementAndGet();
    }

    @Override
    public int inFlight() {
        return inFlight.get();
    }

    @Override
    public boolean draining() {
        return draining;
    }

    void drain() {
        draining = true;
    }
}
