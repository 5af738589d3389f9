package dev.sidestep.sidecar.loop;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Consumer;

/**
 * The body of a request as far as it came, kept until its response begins, so that another attempt can send it again.
 * What waits for an endpoint waits here too. Confined to the event loop.
 */
public final class ReplayBuffer {
    /** Bodies longer than this are sent once. */
    public static final int MAX_BYTES = 64 << 10;

    /** Below this a copy is cheaper than the read buffer that a slice would keep alive. */
    private static final int COPY_BELOW = 4 << 10;

    private final Queue<ByteBuf> chunks = new ArrayDeque<>(2);
    private int bytes;

    /** Whether it may hold {@code more} bytes; what is not yet sent is within the stream's window, so within this. */
    public boolean takes(int more) {
        return bytes + more <= MAX_BYTES;
    }

    /** Keeps what is readable in {@code data}, which stays the caller's. */
    public void add(ByteBuf data, ByteBufAllocator allocator) {
        int length = data.readableBytes();
        bytes += length;
        if (length < COPY_BELOW) {
            chunks.add(allocator.buffer(length).writeBytes(data, data.readerIndex(), length));
        } else {
            chunks.add(data.retainedSlice());
        }
    }

    public boolean isEmpty() {
        return chunks.isEmpty();
    }

    /** Hands every chunk to {@code sink}, which releases it, and keeps them. */
    public void forEach(Consumer<ByteBuf> sink) {
        chunks.forEach(chunk -> sink.accept(chunk.retainedDuplicate()));
    }

    /** Forgets all. */
    public void release() {
        chunks.forEach(ByteBuf::release);
        chunks.clear();
        bytes = 0;
    }
}
