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

    Pin() {
        super((InetAddress) null, 0);
    }
}
