package dev.sidestep.sidecar.outbound;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;

/**
 * A protocol's entry: takes a client's connection over once its first bytes have told what it speaks. One for each
 * event loop; called on that loop.
 */
@FunctionalInterface
public interface Takeover {
    /**
     * Takes {@code client} over.
     *
     * @param client active, auto-read off, with no handler of ours left in its pipeline; the taker reads, and closes it
     * @param firstBytes what was read so far, from the protocol's first byte on; the taker releases it
     * @param origin where the connection was going
     */
    void take(Channel client, ByteBuf firstBytes, OriginalDestination origin);
}
