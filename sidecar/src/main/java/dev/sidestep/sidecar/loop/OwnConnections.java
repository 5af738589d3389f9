package dev.sidestep.sidecar.loop;

import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The connections that the event loops of a sidecar have opened, by both their ends: so that one which is redirected back
 * to us, or is seen from outside, is known for ours. One end does not do: an application in our pod shares our address,
 * and the kernel gives one port to several connections that go to different places. For any thread.
 */
public final class OwnConnections {
    private final Set<Ends> open = ConcurrentHashMap.newKeySet();

    private record Ends(SocketAddress local, SocketAddress remote) {}

    /** {@code connected} stands, until it closes. */
    void opened(Channel connected) {
        SocketAddress local = connected.localAddress();
        SocketAddress remote = connected.remoteAddress();
        if (local != null && remote != null) {
            var ends = new Ends(local, remote);
            open.add(ends);
            connected.closeFuture().addListener(closed -> open.remove(ends));
        }
    }

    /** Whether one of them goes from {@code local} to {@code remote}, where that was before anybody redirected it. */
    public boolean contains(InetSocketAddress local, InetSocketAddress remote) {
        return open.contains(new Ends(local, remote));
    }
}
