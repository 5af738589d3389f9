package dev.sidestep.sidecar.http2;

import dev.sidestep.sidecar.loop.LoopContext;
import dev.sidestep.sidecar.outbound.OriginalDestination;
import dev.sidestep.sidecar.outbound.Takeover;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;

/** Takes over the HTTP/2 connections of one event loop. Confined to it. */
public final class Http2Connections implements Takeover {
    private final LoopContext loop;
    private final EndpointPool pool;

    public Http2Connections(LoopContext loop) {
        this.loop = loop;
        this.pool = new EndpointPool(loop);
    }

    /** {@inheritDoc} {@code firstBytes} begin with the connection preface, which may be cut short. */
    @Override
    public void take(Channel client, ByteBuf firstBytes, OriginalDestination origin) {
        assert loop.eventLoop().inEventLoop();
        if (!client.isActive()) {
            firstBytes.release(); // It went while somebody waited to hand it over.
            return;
        }
        new ClientConnection(loop, pool, origin).start(client, firstBytes);
    }
}
