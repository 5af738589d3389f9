package dev.sidestep.agent.boot;

import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * The address of an endpoint that goes by the name the application called: {@code Host}, SNI and certificate checks are
 * made from that name and stay as they are.
 */
public final class EndpointAddress extends InetSocketAddress {
    private static final long serialVersionUID = 1L;

    /** @param address resolved, with the called name as its host name */
    public EndpointAddress(InetAddress address, int port) {
        super(address, port);
    }

    /** What tells connections to different endpoints of one name apart, besides the port. */
    public String poolKey() {
        return getHostString().concat("@").concat(getAddress().getHostAddress());
    }
}
