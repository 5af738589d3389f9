package dev.sidestep.sidecar.http2;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2EventAdapter;
import io.netty.handler.codec.http2.Http2Stream;
import org.jspecify.annotations.Nullable;

/** Hears all that happens on one HTTP/2 connection. On its event loop. */
abstract class CodecListener extends Http2EventAdapter {
    /** The peer broke the protocol within {@code stream}, which is about to be reset. */
    void onMalformed(Http2Stream stream) {}

    /** Whether the peer had ended {@code stream} before it broke the protocol within it. */
    boolean ended(Http2Stream stream) {
        return false;
    }

    /** What a frame on a stream that is no more is an error of; null if of the stream alone. */
    @Nullable
    Http2Error errorOnClosed(int streamId) {
        return null;
    }

    /** The connection cannot go on, as the peer broke the protocol or the codec failed; it is about to be closed. */
    void onBroken() {}

    /** Bytes came, of whatever meaning. */
    void onBytes() {}

    /** The connection is gone, or as good as gone; its streams are closed right after this. */
    void onGone() {}

    /** After {@link #onGone}: its streams are closed, too. */
    void onEnded() {}

    /** Priorities are ignored: RFC 9113 deprecates them. */
    @Override
    public final void onPriorityRead(
            ChannelHandlerContext ctx, int streamId, int streamDependency, short weight, boolean exclusive) {}
}
