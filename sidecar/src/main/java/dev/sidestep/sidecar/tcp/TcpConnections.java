package dev.sidestep.sidecar.tcp;

import dev.sidestep.balancing.Reason;
import dev.sidestep.sidecar.loop.LoopContext;
import dev.sidestep.sidecar.loop.Target;
import dev.sidestep.sidecar.outbound.FirstWord;
import dev.sidestep.sidecar.outbound.OriginalDestination;
import dev.sidestep.sidecar.outbound.SilentTakeover;
import dev.sidestep.sidecar.outbound.Takeover;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import java.util.List;

/** Takes over the connections of one event loop that nobody reads. Confined to the event loop. */
public final class TcpConnections implements Takeover, SilentTakeover {
    private final LoopContext loop;

    public TcpConnections(LoopContext loop) {
        this.loop = loop;
    }

    @Override
    public void take(Channel client, ByteBuf firstBytes, OriginalDestination origin) {
        if (origin instanceof OriginalDestination.Fixed fixed) {
            open(client, fixed.target(), firstBytes, closing(client));
        } else if (origin instanceof OriginalDestination.Translated translated) {
            open(client, translated.chosen(), firstBytes, closing(client));
        } else {
            firstBytes.release();
            client.close();
        }
    }

    @Override
    public void takeSilent(Channel client, Target target, FirstWord firstWord) {
        new TcpCall(loop, client, target, Unpooled.EMPTY_BUFFER, firstWord, closing(client)).start();
    }

    /**
     * Connects {@code client} to {@code target}, and passes bytes on both ways from then on.
     *
     * @param firstBytes what it said already; released here
     */
    public void open(Channel client, Target target, ByteBuf firstBytes, Listener listener) {
        new TcpCall(loop, client, target, firstBytes, null, listener).start();
    }

    /** Its protocol is unknown, so the end of the connection is the only way to say that there is none. */
    private static Listener closing(Channel client) {
        return new Listener() {
            @Override
            public void onConnected() {}

            @Override
            public void onFailed(Reason reason, List<String> tried) {
                client.close();
            }
        };
    }

    /** Hears one of the two, once, unless the client leaves before. */
    public interface Listener {
        /** The other side is there; what is written to the client now goes before its first byte. */
        void onConnected();

        /** There is no other side; the client is the listener's again. */
        void onFailed(Reason reason, List<String> tried);
    }
}
