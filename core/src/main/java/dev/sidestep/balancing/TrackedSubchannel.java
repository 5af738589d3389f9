package dev.sidestep.balancing;

import dev.sidestep.naming.AddressLiteral;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicLong;

/** The only kind of {@link Subchannel}. What is said of a method's thread there holds here; all else is confined to the owner. */
final class TrackedSubchannel extends Subchannel {
    /** One attempt without a byte of its response, in the upper half of {@link #calls}. */
    private static final long WAITING = 1L << 32;

    private final InetSocketAddress address;
    private final String pod;
    private final String hostPort;
    // Attempts in flight in the lower half, those without a byte of their response in the upper: one addition for both.
    private final AtomicLong calls = new AtomicLong();
    private volatile boolean draining;
    private int holders;

    TrackedSubchannel(InetSocketAddress address, String pod) {
        this.address = address;
        this.pod = pod;
        hostPort = AddressLiteral.hostPort(address.getAddress(), address.getPort());
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
        calls.getAndAdd(WAITING + 1);
    }

    @Override
    public void firstByte(long nowNanos) {
        calls.getAndAdd(-WAITING);
    }

    @Override
    public void ended(Outcome outcome, boolean firstByteSeen, long nanos) {
        calls.getAndAdd(firstByteSeen ? -1 : -WAITING - 1);
    }

    @Override
    public int inFlight() {
        return (int) calls.get();
    }

    @Override
    public boolean draining() {
        return draining;
    }

    /** Whether the pod behind it is still the same, as far as one can tell. */
    boolean isOf(String otherPod) {
        return pod.equals(otherPod) || pod.isEmpty() || otherPod.isEmpty();
    }

    /** One more cluster sends calls here. */
    void hold() {
        holders++;
        draining = false;
    }

    /** Whether that was the last cluster, so that it drains from now on. */
    boolean release() {
        holders--;
        draining = holders == 0;
        return draining;
    }

    @Override
    public String toString() {
        return hostPort;
    }
}
