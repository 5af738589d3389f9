package dev.sidestep.sidecar.outbound;

import dev.sidestep.sidecar.loop.Target;
import io.netty.channel.Channel;

/** Takes a client over that has kept silent: connects it, and finds out who speaks first. Called on its event loop. */
@FunctionalInterface
public interface SilentTakeover {
    /**
     * Takes {@code client} over.
     *
     * @param client active, auto-read off, with no handler of ours left in its pipeline
     * @param target where it was going
     * @param firstWord judges what is said, and takes the client back if it speaks HTTP
     */
    void takeSilent(Channel client, Target target, FirstWord firstWord);
}
