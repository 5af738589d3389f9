package dev.sidestep.sidecar.outbound;

import dev.sidestep.sidecar.loop.Target;

/** Where a connection was going before it came to us. */
public sealed interface OriginalDestination {
    /** To us, as a proxy or by a wrong {@code Host}: each request says where it goes. */
    enum PerRequest implements OriginalDestination {
        PER_REQUEST
    }

    /**
     * To one place, whatever its requests say: the caller asked for a tunnel there.
     *
     * @param target that place
     */
    record Fixed(Target target) implements OriginalDestination {}
}
