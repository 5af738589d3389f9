package dev.sidestep.agent.boot;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * Rides on one request of {@code java.net.http} and holds its call and the address of the attempt under way. It is an
 * address only because the one field of the request that is free, {@code authority} (CONNECT requests alone have one), is
 * of that type: no field is added, so the class can be woven after it was loaded, too.
 */
final class Pin extends InetSocketAddress {
    private static final long serialVersionUID = 1L;

    transient @Nullable Call call;
    transient @Nullable EndpointAddress address;
    transient boolean begun;

    /** When the application's own time-out ends, by {@link System#nanoTime}; 0 before its first attempt. */
    transient long deadlineNanos;

    /** What the client's call had to show before a response that was dropped. */
    transient @Nullable Object previousResponse;

    transient boolean droppedResponse;

    private transient Connecting connecting = Connecting.UNWATCHED;

    /** The connection of the attempt under way. */
    private enum Connecting {
        UNWATCHED,
        WATCHED,
        DONE,
        TIMED_OUT
    }

    /** A connection is made now; whether it is for us to watch the time. */
    synchronized void connecting(boolean watched) {
        connecting = watched ? Connecting.WATCHED : Connecting.UNWATCHED;
    }

    /** Whether the connection was made in time; only then anything is sent over it. */
    synchronized boolean connected() {
        if (connecting == Connecting.WATCHED) {
            connecting = Connecting.DONE;
        }
        return connecting != Connecting.TIMED_OUT;
    }

    synchronized boolean isConnectWatched() {
        return connecting != Connecting.UNWATCHED;
    }

    /** The time that we watch is over; whether that is news, and no connection was made. */
    synchronized boolean connectTimedOut() {
        boolean inVain = connecting == Connecting.WATCHED;
        if (inVain) {
            connecting = Connecting.TIMED_OUT;
        }
        return inVain;
    }

    Pin() {
        super((InetAddress) null, 0);
    }
}
