package dev.sidestep.sidecar.loop;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/** Bytes that wait for somebody to take them. */
public final class Held {
    private Held() {}

    /** {@code held} with {@code more} behind it; takes both over, whichever is empty. */
    public static ByteBuf append(ByteBuf held, ByteBuf more) {
        if (!held.isReadable()) {
            held.release();
            return more;
        }
        return Unpooled.wrappedBuffer(held, more); // Releases more by itself if that is empty.
    }
}
