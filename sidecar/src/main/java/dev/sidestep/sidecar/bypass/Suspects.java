package dev.sidestep.sidecar.bypass;

import dev.sidestep.naming.CidrBlock;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiPredicate;

/**
 * What of all sockets of a pod may have passed us by. Pure.
 *
 * @param toVips connections to the service ranges that do not lead to us
 * @param elsewhere other connections that the application has opened, whose other side may be an endpoint
 */
record Suspects(Set<Socket> toVips, Set<Socket> elsewhere) {
    /** Nobody. */
    static final Suspects NONE = new Suspects(Set.of(), Set.of());

    /**
     * What is to be redirected.
     *
     * @param proxyPort where it is redirected to
     * @param proxyUid whose connections are left alone
     * @param serviceRanges CIDR blocks; others are skipped
     * @param excludedRanges CIDR blocks that are left alone
     * @param excludedPorts ports and spans ({@code 9000-9100}) that are left alone
     */
    record Rules(
            int proxyPort,
            int proxyUid,
            List<CidrBlock> serviceRanges,
            List<CidrBlock> excludedRanges,
            List<String> excludedPorts) {

        static List<CidrBlock> blocks(List<String> texts) {
            return texts.stream()
                    .map(CidrBlock::parse)
                    .flatMap(Optional::stream)
                    .toList();
        }

        private boolean isExcluded(InetSocketAddress remote) {
            return excludedRanges.stream().anyMatch(block -> block.contains(remote.getAddress()))
                    || excludedPorts.stream().anyMatch(span -> has(span, remote.getPort()));
        }

        private static boolean has(String span, int port) {
            int dash = span.indexOf('-');
            try {
                int from = Integer.parseInt(dash < 0 ? span : span.substring(0, dash));
                int to = dash < 0 ? from : Integer.parseInt(span.substring(dash + 1));
                return from <= port && port <= to;
            } catch (NumberFormatException wrong) {
                return false; // The redirect has said so, and skipped it too.
            }
        }
    }

    /**
     * Finds them.
     *
     * @param ours whether a connection of ours goes from one address to another
     */
    static Suspects among(
            Collection<Socket> sockets, Rules rules, BiPredicate<InetSocketAddress, InetSocketAddress> ours) {
        Set<Integer> listening = new HashSet<>();
        Set<InetSocketAddress> cameToUs = new HashSet<>();
        for (Socket socket : sockets) {
            if (socket.isListening()) {
                listening.add(socket.local().getPort());
            } else if (socket.local().getPort() == rules.proxyPort()) {
                // In whatever state: we may have closed our half, and the program not have read so far.
                cameToUs.add(socket.remote());
            }
        }
        Set<Socket> toVips = new HashSet<>();
        Set<Socket> elsewhere = new HashSet<>();
        for (Socket socket : sockets) {
            InetSocketAddress remote = socket.remote();
            boolean opened =
                    socket.isEstablished() && !listening.contains(socket.local().getPort());
            if (!opened
                    || remote.getAddress().isLoopbackAddress()
                    || remote.getAddress().equals(socket.local().getAddress()) // To the pod itself, it goes by lo.
                    || socket.uid() == rules.proxyUid()
                    || ours.test(socket.local(), remote)
                    || cameToUs.contains(socket.local())
                    || rules.isExcluded(remote)) {
                continue;
            }
            boolean toVip = rules.serviceRanges().stream().anyMatch(block -> block.contains(remote.getAddress()));
            (toVip ? toVips : elsewhere).add(socket);
        }
        return new Suspects(toVips, elsewhere);
    }

    /** Those that are among {@code earlier} ones too: what was seen twice was not just being opened. */
    Suspects still(Suspects earlier) {
        return new Suspects(both(toVips, earlier.toVips), both(elsewhere, earlier.elsewhere));
    }

    private static Set<Socket> both(Set<Socket> one, Set<Socket> other) {
        Set<Socket> common = new HashSet<>(one);
        common.retainAll(other);
        return common;
    }

    /** The other sides of {@code sockets}, each once. */
    static List<InetSocketAddress> remotes(Collection<Socket> sockets) {
        return new ArrayList<>(
                new HashSet<>(sockets.stream().map(Socket::remote).toList()));
    }
}
