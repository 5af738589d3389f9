package dev.sidestep.sidecar.loop;

import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The connections that the event loops of a sidecar have opened, by their local address: so that one which is redirected
 * back to us, or is seen from outside, is known for ours. For any thread.
 */
public final class OwnConnections {
    private final Set<SocketAddress> local = ConcurrentHashMap.newKeySet();

    /** {@code connected} stands, until it closes. */
    void opened(Channel connected) {
        SocketAddress address = connected.localAddress();
        if (address != null) {
            local.add(address);
            connected.closeFuture().addListener(closed -> local.remove(address));
        }
    }

    /** Whether one of them has {@code address} on our side. */
    public boolean contains(InetSocketAddress address) {
        return local.contains(address);
    }
}
