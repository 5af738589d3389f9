package dev.sidestep.sidecar.http2;

import io.netty.handler.codec.http2.Http2Error;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * What became of the streams of a client's connection that are no more, as far as RFC 9113 §5.1 and §5.1.1 tell frames on
 * them apart: on one that either side reset they may have been under way; on one that ended they are an error of the whole
 * connection, and so they are on one that was skipped. Confined to the connection's event loop.
 */
final class ClosedStreams {
    /** As many as can be open, and so be reset, at once. */
    private static final int RESETS = Codec.CLIENT_STREAMS;

    /** Clients have no reason to skip an id. */
    private static final int GAPS = 16;

    private final Queue<Integer> resets = new ArrayDeque<>(0);
    private final Queue<Gap> gaps = new ArrayDeque<>(0);
    private int last = -1;

    /** @param from the first id that was not used, {@code to} the first one after it that was */
    private record Gap(int from, int to) {}

    /** The client opened {@code id}. */
    void opened(int id) {
        if (id > last + 2) {
            add(gaps, new Gap(last + 2, id), GAPS);
        }
        last = id;
    }

    /** Either side reset {@code id}. */
    void reset(int id) {
        add(resets, id, RESETS);
    }

    /** What a frame on {@code id}, at most the last that was opened, is an error of; null if of the stream alone. */
    @Nullable
    Http2Error connectionError(int id) {
        if (gaps.stream().anyMatch(gap -> gap.from <= id && id < gap.to)) {
            return Http2Error.PROTOCOL_ERROR;
        }
        return resets.contains(id) ? null : Http2Error.STREAM_CLOSED;
    }

    private static <T> void add(Queue<T> queue, T element, int limit) {
        if (queue.size() == limit) {
            queue.remove();
        }
        queue.add(element);
    }
}
