package dev.sidestep.sidecar.http1;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/**
 * Brings the bytes of a head together for a scan. One that comes in one piece, as nearly all do, is copied into an array
 * that all connections of the event loop share; only what waits for more gets an array of its own. Confined to the event
 * loop.
 */
final class HeadReader {
    private static final int STEP = 4096;
    private static final byte[] NOTHING = {};

    private final byte[] shared;
    private byte[] kept = NOTHING;
    private int keptCount;

    /** @param shared as long as the longest head allowed */
    HeadReader(byte[] shared) {
        this.shared = shared;
    }

    /** Whether part of a head is here, and its rest is not. */
    boolean isPartial() {
        return keptCount > 0;
    }

    /**
     * Reads from {@code in} until the head ends, fails or needs more. On {@link Head.Scan#COMPLETE} {@code in} stands
     * behind the head, whose bytes are good until the next head of any connection of this event loop is read.
     */
    Head.Scan read(Head head, ByteBuf in) {
        if (keptCount == 0) {
            head.reset();
        }
        byte[] bytes = keptCount == 0 ? shared : kept;
        int count = keptCount;
        int headStart = in.readerIndex() - keptCount; // Before the buffer's start if earlier ones brought a part.
        Head.Scan scan = Head.Scan.MORE;
        while (scan == Head.Scan.MORE && in.isReadable()) {
            int step = Math.min(Math.min(in.readableBytes(), STEP), shared.length - count);
            if (bytes != shared && bytes.length < count + step) {
                bytes = Arrays.copyOf(bytes, Math.min(shared.length, Math.max(bytes.length * 2, count + step)));
            }
            in.readBytes(bytes, count, step);
            count += step;
            scan = head.scan(bytes, count, shared.length);
        }
        if (scan == Head.Scan.MORE) {
            kept = bytes == shared ? Arrays.copyOf(bytes, count) : bytes;
            keptCount = count;
            return scan;
        }
        if (scan == Head.Scan.COMPLETE) {
            in.readerIndex(headStart + head.end);
        }
        kept = NOTHING;
        keptCount = 0;
        return scan;
    }
}
