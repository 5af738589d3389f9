package dev.sidestep.sidecar.outbound;

import dev.sidestep.model.Protocol;
import dev.sidestep.sidecar.loop.LoopContext;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.socket.SocketChannelConfig;
import java.util.function.Function;

/**
 * Hands each connection of one event loop to the protocol that it speaks, by what its destination declares or else by
 * its first bytes. Confined to the event loop.
 */
public final class Dispatcher implements Takeover {
    private final LoopContext loop;
    private final Takeover http1;
    private final Takeover http2;
    private final Takeover tcp;

    /**
     * Takes nothing yet.
     *
     * @param http1 makes HTTP/1's entry; it is given this, for the tunnels that HTTP/1 requests open
     */
    public Dispatcher(LoopContext loop, Function<Takeover, Takeover> http1, Takeover http2, Takeover tcp) {
        this.loop = loop;
        this.http1 = http1.apply(this);
        this.http2 = http2;
        this.tcp = tcp;
    }

    /** Takes a connection that was made to us by name: as to a proxy, so HTTP of one version or the other. */
    public void accept(Channel client) {
        new Sniffer(loop, client, loop.limits().idleTimeout(), (protocol, bytes) -> {
                    var origin = OriginalDestination.PerRequest.PER_REQUEST;
                    switch (protocol) {
                        case UNDECLARED -> {
                            bytes.release();
                            client.close();
                        }
                        case HTTP2 -> http2.take(client, bytes, origin);
                        // What is no HTTP at all is refused as HTTP/1.1: whoever speaks to a proxy understands that.
                        case HTTP1, TLS, TCP -> http1.take(client, bytes, origin);
                    }
                })
                .start(Unpooled.EMPTY_BUFFER);
    }

    /** {@inheritDoc} Its protocol is not known yet. */
    @Override
    public void take(Channel client, ByteBuf firstBytes, OriginalDestination origin) {
        Protocol declared = origin instanceof OriginalDestination.Fixed fixed
                ? fixed.target().destination().policy().protocol()
                : Protocol.UNDECLARED;
        if (declared != Protocol.UNDECLARED) {
            hand(client, declared, firstBytes, origin);
            return;
        }
        // Silence means that the server speaks first.
        new Sniffer(loop, client, loop.limits().sniffTimeout(), (told, bytes) -> hand(client, told, bytes, origin))
                .start(firstBytes);
    }

    private void hand(Channel client, Protocol protocol, ByteBuf bytes, OriginalDestination origin) {
        if (protocol == Protocol.HTTP1 || protocol == Protocol.HTTP2) {
            // To HTTP the end of a caller's stream is the caller's leaving, as everywhere else.
            ((SocketChannelConfig) client.config()).setAllowHalfClosure(false);
        }
        switch (protocol) {
            case HTTP1 -> http1.take(client, bytes, origin);
            case HTTP2 -> http2.take(client, bytes, origin);
            case UNDECLARED, TLS, TCP -> tcp.take(client, bytes, origin);
        }
    }
}
