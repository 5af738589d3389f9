package dev.sidestep.sidecar.loop;

import io.netty.channel.Channel;
import java.net.InetSocketAddress;

/** Keeps a call from being sent back to the door that it came in by. */
public final class LoopGuard {
    private LoopGuard() {}

    /** Whether a connection to {@code address} would arrive where {@code client} did. */
    public static boolean leadsBack(Channel client, InetSocketAddress address) {
        return client.localAddress() instanceof InetSocketAddress ours
                && ours.getPort() == address.getPort()
                && (address.getAddress().isLoopbackAddress()
                        || address.getAddress().isAnyLocalAddress()
                        || address.getAddress().equals(ours.getAddress()));
    }
}
