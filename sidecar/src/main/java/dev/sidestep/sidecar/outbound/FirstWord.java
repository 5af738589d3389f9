package dev.sidestep.sidecar.outbound;

import dev.sidestep.model.Protocol;
import dev.sidestep.sidecar.loop.Target;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/**
 * Judges a connection of unknown protocol on which the client has kept silent so far, by whoever speaks first. It is on
 * its way already, so a silent client costs no server's greeting; and a client that only takes its time (a gRPC channel
 * opened ahead of its calls) is understood whenever it speaks. Confined to the connection's event loop.
 */
public final class FirstWord {
    private static final byte[] HTTP1 = "HTTP/1.".getBytes(StandardCharsets.US_ASCII);
    private static final int FRAME_HEADER = 9;
    private static final int SETTINGS = 4;
    private static final int SETTING = 6;

    private final Target target;
    private final ServerFirst memory;
    private final Taker http;

    /** @param http takes the client over if it turns out to speak HTTP */
    FirstWord(Target target, ServerFirst memory, Taker http) {
        this.target = target;
        this.memory = memory;
        this.http = http;
    }

    /** What the server's first bytes tell. */
    public enum Server {
        /** Not enough yet. */
        MORE,
        /** It greets the client: pass it on. */
        SPEAKS,
        /**
         * It speaks HTTP/2, where both sides begin (RFC 9113 section 3.4), so the client will. To be kept back: should
         * its calls be told apart, they get settings of ours.
         */
        AWAITS_CLIENT
    }

    /** Takes over a client that speaks HTTP. */
    @FunctionalInterface
    interface Taker {
        /**
         * Takes it over.
         *
         * @param bytes what it said; the taker releases it
         */
        void take(Protocol protocol, ByteBuf bytes);
    }

    /** What the client, who spoke first, speaks; {@link Protocol#UNDECLARED} while that cannot be told yet. */
    public Protocol ofClient(ByteBuf bytes) {
        return FirstBytes.tell(bytes);
    }

    /** What it means that the server spoke first. */
    public Server ofServer(ByteBuf bytes) {
        Server told = tell(bytes);
        // A server that tires of waiting says so in HTTP, and closes.
        if (told == Server.SPEAKS && !begins(bytes, HTTP1)) {
            memory.remember(target);
        }
        return told;
    }

    /** Hands the client, of whom nobody has a handler in its pipeline now, to its protocol. */
    public void takeAs(Protocol protocol, ByteBuf bytes) {
        memory.forget(target);
        http.take(protocol, bytes);
    }

    /** A SETTINGS frame that opens a connection: whole settings, no flags, stream 0. */
    private static Server tell(ByteBuf bytes) {
        int from = bytes.readerIndex();
        int there = Math.min(bytes.readableBytes(), FRAME_HEADER);
        for (int i = 0; i < there; i++) {
            int value = bytes.getUnsignedByte(from + i);
            boolean fits = switch (i) {
                case 0 -> value == 0;
                case 1 -> value <= 1; // 84 settings and more have no meaning.
                case 2 -> (bytes.getUnsignedMedium(from) % SETTING) == 0;
                case 3 -> value == SETTINGS;
                default -> value == 0;
            };
            if (!fits) {
                return Server.SPEAKS;
            }
        }
        return there < FRAME_HEADER ? Server.MORE : Server.AWAITS_CLIENT;
    }

    private static boolean begins(ByteBuf bytes, byte[] wanted) {
        int count = Math.min(bytes.readableBytes(), wanted.length);
        for (int i = 0; i < count; i++) {
            if (bytes.getByte(bytes.readerIndex() + i) != wanted[i]) {
                return false;
            }
        }
        return true;
    }
}
