package dev.sidestep.sidecar.http2;

import dev.sidestep.balancing.Reason;
import dev.sidestep.sidecar.loop.Authority;
import dev.sidestep.sidecar.loop.CallerConnections;
import dev.sidestep.sidecar.loop.Failure;
import dev.sidestep.sidecar.loop.LoopContext;
import dev.sidestep.sidecar.loop.Target;
import dev.sidestep.sidecar.outbound.OriginalDestination;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.util.AsciiString;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A client's connection: makes an {@link Exchange} of each of its streams. Confined to its event loop.
 *
 * <p>Where a stream goes is where its connection was going, if that is known (a redirected connection, a tunnel), whatever
 * the stream's {@code :authority} says: that is where it would have gone without us, and a caller that overrides the
 * authority (a virtual host, a certificate's name) means no other server by it. Only on a connection to us, as a proxy,
 * does {@code :authority} decide.
 */
final class ClientConnection extends CodecListener implements LoopContext.Drainable {
    /** PING and SETTINGS frames in one second above which a client only keeps us busy. */
    private static final int CONTROL_FRAMES_PER_SECOND = 1_000;

    /** Between the two GOAWAYs of a graceful end (RFC 9113 §6.8): calls that were under way to us still count. */
    private static final long LAST_CALLS_MILLIS = 100;

    private final LoopContext loop;
    private final EndpointPool pool;
    private final OriginalDestination origin;
    private final CodecHandler codec;
    private final Http2Connection.PropertyKey exchangeOf;
    private final ClosedStreams closed = new ClosedStreams();
    private final CallerConnections callers = new CallerConnections();
    private @Nullable CharSequence lastAuthority;
    private @Nullable Target lastTarget;
    private long secondBegan;
    private int controlFrames;
    private boolean draining;

    ClientConnection(LoopContext loop, EndpointPool pool, OriginalDestination origin) {
        this.loop = loop;
        this.pool = pool;
        this.origin = origin;
        codec = Codec.server(this, loop.limits());
        exchangeOf = codec.connection().newKey();
        secondBegan = loop.nanoTime();
    }

    /** Serves {@code client}, whose first bytes were already read. */
    void start(Channel client, ByteBuf firstBytes) {
        loop.opened(this);
        client.pipeline().addLast(codec);
        client.pipeline().fireChannelRead(firstBytes);
        client.pipeline().fireChannelReadComplete();
    }

    @Override
    void onGone() {
        loop.closed(this);
    }

    @Override
    void onEnded() {
        pool.leave(codec);
        callers.close();
    }

    @Override
    public void drain() {
        if (draining || !codec.context().channel().isActive()) {
            return;
        }
        draining = true;
        goAway(Integer.MAX_VALUE);
        loop.eventLoop()
                .schedule(
                        () -> {
                            goAway(codec.connection().remote().lastStreamCreated());
                            codec.context().channel().close(); // The codec waits for the streams, within the limit.
                        },
                        LAST_CALLS_MILLIS,
                        TimeUnit.MILLISECONDS);
    }

    private void goAway(int lastStreamId) {
        codec.goAway(
                codec.context(),
                lastStreamId,
                Http2Error.NO_ERROR.code(),
                Unpooled.EMPTY_BUFFER,
                codec.context().newPromise());
        codec.flushSoon();
    }

    @Override
    public void onHeadersRead(
            ChannelHandlerContext ctx,
            int streamId,
            Http2Headers headers,
            int streamDependency,
            short weight,
            boolean exclusive,
            int padding,
            boolean endOfStream)
            throws Http2Exception {
        if (codec.clogged()) {
            throw Http2Exception.connectionError(
                    Http2Error.ENHANCE_YOUR_CALM, "more calls, and their responses are not read");
        }
        Http2Stream stream = codec.connection().stream(streamId);
        Exchange known = stream.getProperty(exchangeOf);
        if (known != null) {
            known.onRequestTrailers(headers);
            return;
        }
        var port = new StreamPort(codec, stream);
        RequestHead head = RequestHead.of(headers);
        Target target = target(head, headers.contains(Exchange.ATTEMPT));
        if (target == null) {
            refuse(port, head, endOfStream);
            return;
        }
        var exchange = new Exchange(loop, pool, target, port, head, headers, callers);
        stream.setProperty(exchangeOf, exchange);
        exchange.start(endOfStream);
    }

    private @Nullable Target target(RequestHead head, boolean counted) {
        CharSequence authority = head.authority();
        if (head.ambiguous()) {
            return null;
        }
        if (origin instanceof OriginalDestination.Fixed fixed) {
            return fixed.target();
        }
        if (origin instanceof OriginalDestination.Translated translated) {
            // Counted by another of us, it has been balanced already, and sent there for a reason.
            Authority parsed = authority == null || counted ? null : RequestHead.parse(authority);
            return parsed == null ? translated.chosen() : loop.named(parsed, translated.chosen());
        }
        if (authority == null || head.connect()) {
            return null;
        }
        if (lastAuthority != null && AsciiString.contentEquals(authority, lastAuthority)) {
            return lastTarget;
        }
        Authority parsed = RequestHead.parse(authority);
        if (parsed == null) {
            return null;
        }
        Target target = loop.target(parsed.host(), parsed.port());
        lastAuthority = authority;
        lastTarget = target;
        return target;
    }

    /** A tunnel is ours to make for HTTP/1.1 only; anything else here names no place, or two. */
    private void refuse(StreamPort port, RequestHead head, boolean end) {
        loop.unaddressed().because(Reason.AMBIGUOUS_REQUEST);
        loop.unaddressed().ended(Reply.status(head, Reason.AMBIGUOUS_REQUEST), 0);
        if (head.connect()) {
            port.reset(Http2Error.HTTP_1_1_REQUIRED.code());
            return;
        }
        CharSequence authority = head.authority();
        var failure = new Failure(
                Reason.AMBIGUOUS_REQUEST,
                authority == null ? "unknown" : authority.toString(),
                80,
                List.of(),
                loop.admin());
        Reply.send(port, head, failure);
        if (!end) {
            port.stopAfterWrites();
        }
    }

    @Override
    public int onDataRead(ChannelHandlerContext ctx, int streamId, ByteBuf data, int padding, boolean endOfStream) {
        Exchange exchange = codec.connection().stream(streamId).getProperty(exchangeOf);
        return exchange == null ? data.readableBytes() + padding : exchange.onRequestData(data, padding, endOfStream);
    }

    @Override
    public void onRstStreamRead(ChannelHandlerContext ctx, int streamId, long errorCode) {
        closed.reset(streamId);
    }

    @Override
    public void onStreamAdded(Http2Stream stream) {
        closed.opened(stream.id());
    }

    @Override
    public void onStreamClosed(Http2Stream stream) {
        if (stream.isResetSent()) {
            closed.reset(stream.id());
        }
        Exchange exchange = stream.removeProperty(exchangeOf);
        if (exchange != null) {
            exchange.onClientClosed();
        }
    }

    @Override
    boolean ended(Http2Stream stream) {
        Exchange exchange = stream.getProperty(exchangeOf);
        return exchange != null && exchange.requestEnded();
    }

    @Override
    @Nullable
    Http2Error errorOnClosed(int streamId) {
        return closed.connectionError(streamId);
    }

    @Override
    public void onPingRead(ChannelHandlerContext ctx, long data) throws Http2Exception {
        countControlFrame();
    }

    @Override
    public void onSettingsRead(ChannelHandlerContext ctx, Http2Settings settings) throws Http2Exception {
        countControlFrame();
    }

    private void countControlFrame() throws Http2Exception {
        long now = loop.nanoTime();
        if (now - secondBegan > TimeUnit.SECONDS.toNanos(1)) {
            secondBegan = now;
            controlFrames = 0;
        }
        if (++controlFrames > CONTROL_FRAMES_PER_SECOND) {
            throw Http2Exception.connectionError(
                    Http2Error.ENHANCE_YOUR_CALM, "more than %d PING and SETTINGS in a second", controlFrames - 1);
        }
    }
}
