package dev.sidestep.balancing;

import java.net.InetSocketAddress;

/**
 * The balancer's handle on one endpoint: its address, its calls in flight and what became of them. There is one for an
 * address in a process, however many names lead to it, and it outlives assignments. Data planes key their pools by it.
 *
 * <p>Methods are for any thread unless they say otherwise. Each attempt calls {@link #started} once, {@link
 * #firstByte} at most once and {@link #ended} once, in this order.
 */
public abstract sealed class Subchannel implements PickResult permits TrackedSubchannel {
    /** Where to connect; resolved, never looked up. */
    public abstract InetSocketAddress address();

    /** The name of the pod behind it, or "". */
    public abstract String pod();

    /** An attempt goes to this endpoint now: {@code nowNanos} by the owner's clock. */
    public abstract void started(long nowNanos);

    /** The first byte of its response is here. */
    public abstract void firstByte(long nowNanos);

    /**
     * The attempt is over.
     *
     * @param firstByteSeen whether {@link #firstByte} was called for it
     * @param nanos from {@link #started} to its first response byte, or to its end without one
     */
    public abstract void ended(Outcome outcome, boolean firstByteSeen, long nanos);

    /** Attempts started and not ended. */
    public abstract int inFlight();

    /**
     * Whether it takes no new calls for good: the endpoint is gone or terminating. Pools close its idle connections and
     * each busy one when it falls idle.
     */
    public abstract boolean draining();

    /** {@code address:port}, IPv6 in brackets. */
    @Override
    public abstract String toString();
}
