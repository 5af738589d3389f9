package dev.sidestep.sidecar.http2;

import static java.util.Objects.requireNonNull;

import dev.sidestep.balancing.Reason;
import dev.sidestep.sidecar.loop.Failure;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Netty's codec for one connection, either role, telling a {@link CodecListener}. Frames in, frames out; what they mean
 * to a call is not known here. Confined to the channel's event loop.
 */
final class CodecHandler extends Http2ConnectionHandler {
    private static final Logger LOG = LoggerFactory.getLogger(CodecHandler.class);

    private final CodecListener listener;
    private final Runnable flush = this::flushNow;
    private @Nullable ChannelHandlerContext context;
    private boolean flushScheduled;
    private boolean opened;

    CodecHandler(
            Http2ConnectionDecoder decoder,
            Http2ConnectionEncoder encoder,
            Http2Settings settings,
            CodecListener listener) {
        super(decoder, encoder, settings);
        this.listener = listener;
    }

    /** The channel's context; there is one from the moment the codec is in a pipeline. */
    ChannelHandlerContext context() {
        return requireNonNull(context, "not in a pipeline");
    }

    /** Whether the peer leaves so much unread that no call should add to it. */
    boolean clogged() {
        return context().channel().bytesBeforeWritable() > Codec.UNSENT_BYTES;
    }

    /**
     * Flushes what is written until then once the event loop has read what is there to be read: frames that many
     * connections have for this one leave together.
     */
    void flushSoon() {
        if (!flushScheduled) {
            flushScheduled = true;
            context().executor().execute(flush);
        }
    }

    private void flushNow() {
        flushScheduled = false;
        flush(context());
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) throws Exception {
        context = ctx;
        connection().addListener(listener);
        super.handlerAdded(ctx);
        if (ctx.channel().isActive()) {
            open();
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) throws Exception {
        super.channelActive(ctx);
        open();
    }

    private void open() throws Http2Exception {
        if (opened) {
            return;
        }
        opened = true;
        var root = connection().connectionStream();
        var window = connection().local().flowController();
        window.incrementWindowSize(root, Codec.CONNECTION_WINDOW - window.initialWindowSize(root));
        flushSoon();
        context().channel().config().setAutoRead(true); // The streams' windows are what holds the peer back.
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) throws Exception {
        listener.onBytes();
        super.channelRead(ctx, msg);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) throws Exception {
        listener.onGone();
        super.channelInactive(ctx);
        listener.onEnded();
    }

    @Override
    protected void onStreamError(
            ChannelHandlerContext ctx, boolean outbound, Throwable cause, Http2Exception.StreamException error) {
        Http2Stream stream = connection().stream(error.streamId());
        if (!outbound && stream != null) {
            listener.onMalformed(stream);
            if (error.error() == Http2Error.PROTOCOL_ERROR && listener.ended(stream)) {
                // RFC 9113 §5.1, half-closed (remote): a well-formed frame, but none is due.
                encoder().writeRstStream(ctx, stream.id(), Http2Error.STREAM_CLOSED.code(), ctx.newPromise());
                return;
            }
        } else if (!outbound && error.error() == Http2Error.STREAM_CLOSED) {
            Http2Error ofConnection = listener.errorOnClosed(error.streamId());
            if (ofConnection != null) {
                onConnectionError(
                        ctx, false, cause, Http2Exception.connectionError(ofConnection, "%s", error.getMessage()));
                return;
            }
        }
        super.onStreamError(ctx, outbound, cause, error);
    }

    @Override
    protected void onConnectionError(
            ChannelHandlerContext ctx, boolean outbound, Throwable cause, @Nullable Http2Exception error) {
        if (error == null && !(cause instanceof IOException)) {
            LOG.warn("{}: closing the connection", ctx.channel(), cause); // Not the peer's doing but ours.
        } else {
            LOG.debug("{}: closing the connection", ctx.channel(), cause);
        }
        listener.onBroken();
        super.onConnectionError(ctx, outbound, cause, error);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) throws Exception {
        if (cause instanceof IOException) {
            ctx.channel().unsafe().close(ctx.voidPromise()); // Reset by the peer: there is nobody to say goodbye to.
        } else {
            onError(ctx, false, cause);
        }
    }

    @Override
    protected void handleServerHeaderDecodeSizeError(ChannelHandlerContext ctx, Http2Stream stream) {
        Http2Headers tooLarge = new DefaultHttp2Headers()
                .status(Integer.toString(Reason.REQUEST_TOO_LARGE.httpStatus()))
                .set(Failure.HEADER, Reason.REQUEST_TOO_LARGE.name());
        encoder().writeHeaders(ctx, stream.id(), tooLarge, 0, true, ctx.newPromise());
    }
}
