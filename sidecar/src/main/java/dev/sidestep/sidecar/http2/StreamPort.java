package dev.sidestep.sidecar.http2;

import dev.sidestep.sidecar.loop.LoopGuard;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelFuture;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Stream;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * One stream of one connection, as seen by the call that crosses two of them: what can be sent on it and how much its
 * peer may send. All that an {@link Exchange} and an {@link Attempt} know of the codec. Confined to the event loop.
 */
final class StreamPort {
    private final CodecHandler codec;
    private final Http2Stream stream;
    private @Nullable ChannelFuture last;

    StreamPort(CodecHandler codec, Http2Stream stream) {
        this.codec = codec;
        this.stream = stream;
    }

    ByteBufAllocator allocator() {
        return codec.context().alloc();
    }

    /** What the pool knows this client's own connection to {@code address} by. */
    EndpointPool.Direct direct(InetSocketAddress address) {
        return new EndpointPool.Direct(codec, address);
    }

    /** Whether a connection to {@code address} would come to whoever accepted this one. */
    boolean leadsBackTo(InetSocketAddress address) {
        return LoopGuard.leadsBack(codec.context().channel(), address);
    }

    /** Sends a head, or trailers behind all data that waits. */
    ChannelFuture headers(Http2Headers headers, boolean end) {
        if (closed()) {
            return refused();
        }
        codec.flushSoon();
        return sent(codec.encoder()
                .writeHeaders(
                        codec.context(),
                        stream.id(),
                        headers,
                        0,
                        end,
                        codec.context().newPromise()));
    }

    /** Sends {@code data}, and releases it, as the peer's windows allow. The future succeeds once it left the process. */
    ChannelFuture data(ByteBuf data, boolean end) {
        if (closed()) {
            data.release();
            return refused();
        }
        codec.flushSoon();
        return sent(codec.encoder()
                .writeData(
                        codec.context(),
                        stream.id(),
                        data,
                        0,
                        end,
                        codec.context().newPromise()));
    }

    /** Lets the peer send {@code bytes} more: that many of its bytes have left us. */
    void credit(int bytes) {
        try {
            if (codec.connection().local().flowController().consumeBytes(stream, bytes)) {
                codec.flushSoon();
            }
        } catch (Http2Exception e) {
            codec.onError(codec.context(), true, e);
        }
    }

    /** Ends the stream at once; data that waits is dropped. */
    void reset(long errorCode) {
        if (!closed()) {
            codec.flushSoon();
            codec.encoder()
                    .writeRstStream(
                            codec.context(),
                            stream.id(),
                            errorCode,
                            codec.context().newPromise());
        }
    }

    /** Asks the peer to send no more, once it has all of what was sent (RFC 9113 §8.1). */
    void stopAfterWrites() {
        if (last == null || last.isDone()) {
            reset(Http2Error.NO_ERROR.code());
        } else {
            last.addListener(done -> reset(Http2Error.NO_ERROR.code()));
        }
    }

    private boolean closed() {
        return stream.state() == Http2Stream.State.CLOSED;
    }

    private ChannelFuture sent(ChannelFuture future) {
        last = future;
        return future;
    }

    private ChannelFuture refused() {
        return codec.context().newFailedFuture(new StreamGone());
    }

    /** What a write to a stream that its peer has closed fails with; nobody reads it, so it costs no trace. */
    private static final class StreamGone extends RuntimeException {
        private static final long serialVersionUID = 1;

        StreamGone() {
            super("stream closed", null, false, false);
        }
    }
}
