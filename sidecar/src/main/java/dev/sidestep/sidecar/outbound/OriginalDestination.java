package dev.sidestep.sidecar.outbound;

import dev.sidestep.sidecar.loop.Target;

/** Where a connection was going before it came to us. */
public sealed interface OriginalDestination {
    /** To us, as a proxy or by a wrong {@code Host}: each request says where it goes. */
    enum PerRequest implements OriginalDestination {
        PER_REQUEST
    }

    /**
     * To one place, whatever its requests say: the caller asked for a tunnel there, or the kernel redirected its
     * connection to us.
     *
     * @param target that place
     */
    record Fixed(Target target) implements OriginalDestination {}

    /**
     * To an address that something below us has put in a VIP's place as the connection was made: a CNI's socket load
     * balancer. A request goes where its {@code Host} says if that is a Service of ours which has this address, to the
     * address otherwise.
     *
     * @param chosen that address
     */
    record Translated(Target chosen) implements OriginalDestination {}
}
