package dev.sidestep.sidecar.outbound;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.unix.RawUnixChannelOption;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Asks the kernel where a connection was going before iptables redirected it here: the {@code SO_ORIGINAL_DST} of
 * conntrack. Only the native transport can ask; NIO would answer null to everything.
 */
final class OriginalAddress {
    private static final int SO_ORIGINAL_DST = 80;
    private static final int SOL_IP = 0;
    private static final int SOL_IPV6 = 41;
    private static final int SOCKADDR_IN = 16;
    private static final int SOCKADDR_IN6 = 28;
    private static final RawUnixChannelOption IPV4 =
            new RawUnixChannelOption("SO_ORIGINAL_DST", SOL_IP, SO_ORIGINAL_DST, SOCKADDR_IN);
    private static final RawUnixChannelOption IPV6 =
            new RawUnixChannelOption("IP6T_SO_ORIGINAL_DST", SOL_IPV6, SO_ORIGINAL_DST, SOCKADDR_IN6);

    private OriginalAddress() {}

    /**
     * Where {@code client} was going; null if it came to us of its own accord. On its event loop; one system call.
     *
     * @param client accepted, on the native transport
     */
    static @Nullable InetSocketAddress of(Channel client) {
        if (!(client.localAddress() instanceof InetSocketAddress local)) {
            return null;
        }
        // A connection by IPv4 to a dual-stack listener counts as IPv4: Netty has taken ::ffff: off.
        boolean ipv4 = local.getAddress() instanceof Inet4Address;
        InetSocketAddress asked;
        try {
            ByteBuffer answer = client.config().getOption(ipv4 ? IPV4 : IPV6);
            if (answer == null) {
                return null;
            }
            asked = ipv4 ? address(answer, 4, 4) : address(answer, 8, 16);
        } catch (ChannelException noSuchConnection) {
            return null; // Conntrack does not know it, so nothing has translated it.
        }
        // Conntrack follows what nobody redirected too, and then tells what we know.
        return asked.equals(local) ? null : asked;
    }

    /** Out of a {@code sockaddr_in} or {@code sockaddr_in6}, which have the port, in network order, at 2. */
    private static InetSocketAddress address(ByteBuffer socketAddress, int at, int length) {
        var bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = socketAddress.get(at + i);
        }
        try {
            return new InetSocketAddress(InetAddress.getByAddress(bytes), socketAddress.getShort(2) & 0xffff);
        } catch (UnknownHostException e) {
            throw new AssertionError(length + " bytes are an address", e);
        }
    }
}
