package dev.sidestep.sidecar.loop;

import dev.sidestep.balancing.Destination;
import java.net.InetSocketAddress;
import java.util.List;

/**
 * A host and port that calls of one event loop ask for. Made once by {@link LoopContext#target}, then kept by whoever
 * calls it again.
 *
 * @param host as the caller wrote it, IPv6 without brackets
 * @param destination the engine's live answer to where it leads
 * @param stats what became of this loop's calls to it
 * @param originals where calls go that are not balanced, first to last; empty: what the system's resolver says of the host
 */
public record Target(
        String host, int port, Destination destination, CallStats stats, List<InetSocketAddress> originals) {
    public Target {
        originals = List.copyOf(originals);
    }

    /** {@code host:port} as it stands in a {@code Host} header. */
    public String authority() {
        return host.indexOf(':') < 0 ? host + ":" + port : "[" + host + "]:" + port;
    }
}
