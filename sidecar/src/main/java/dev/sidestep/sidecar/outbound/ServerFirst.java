package dev.sidestep.sidecar.outbound;

import dev.sidestep.sidecar.loop.Target;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Remembers the destinations whose servers speak first (mail, MySQL, SSH), so that only the first connection to each
 * waits to find that out. For all event loops of a process; any thread.
 */
public final class ServerFirst {
    /** What is beyond them waits each time, as the first does. */
    private static final int MAX_REMEMBERED = 4096;

    private final Set<String> destinations = ConcurrentHashMap.newKeySet();

    boolean remembers(Target target) {
        return !destinations.isEmpty() && destinations.contains(target.authority());
    }

    void remember(Target target) {
        if (destinations.size() < MAX_REMEMBERED) {
            destinations.add(target.authority());
        }
    }

    /** A client spoke first there. */
    void forget(Target target) {
        if (!destinations.isEmpty()) {
            destinations.remove(target.authority());
        }
    }
}
