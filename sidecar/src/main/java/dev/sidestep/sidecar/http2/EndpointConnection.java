package dev.sidestep.sidecar.http2;

import dev.sidestep.balancing.Subchannel;
import dev.sidestep.sidecar.loop.LoopContext;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One upstream connection, shared by the calls of all clients of its event loop. Confined to the event loop.
 *
 * <p>It takes calls once the endpoint's SETTINGS are there, not before, although RFC 9113 §3.4 would allow it: until then
 * nothing has been sent, so whatever goes wrong may be tried elsewhere, POST or not; and a process that is stopped or
 * stuck has its connections accepted by the kernel, but sends no SETTINGS.
 */
final class EndpointConnection extends CodecListener {
    private static final Logger LOG = LoggerFactory.getLogger(EndpointConnection.class);

    /** Calls that may wait for SETTINGS; RFC 9113 §6.5.2 recommends endpoints to allow no fewer. */
    private static final int WAITING = 100;

    /** From the connect timeout on: how long SETTINGS are waited for on behalf of calls that have nowhere else to go. */
    private static final long HELLO_SECONDS = 10;

    /** After so many a new connection is due: ids are never used twice, and there are 2^30. */
    private static final int LAST_ID = Integer.MAX_VALUE - 2 * WAITING;

    private final LoopContext loop;
    private final EndpointPool pool;
    private final Object key;
    private final InetSocketAddress address;
    private final Duration connectTimeout;
    private final CodecHandler codec;
    private final Http2Connection.PropertyKey attemptOf;
    private final Liveness liveness;
    private final Queue<Attempt> waiting = new ArrayDeque<>();
    private boolean slow;
    private boolean ready;
    private boolean leaving;
    private boolean gone;
    private int lastProcessed = Integer.MAX_VALUE;
    private @Nullable ScheduledFuture<?> notReady;
    private long idleSinceNanos;

    /**
     * @param key what the pool knows it by
     * @param connectTimeout how long it may take until it stands; calls that have a choice do not wait longer for SETTINGS
     */
    EndpointConnection(
            LoopContext loop, EndpointPool pool, Object key, InetSocketAddress address, Duration connectTimeout) {
        this.loop = loop;
        this.pool = pool;
        this.key = key;
        this.address = address;
        this.connectTimeout = connectTimeout;
        codec = Codec.client(this, loop.limits());
        attemptOf = codec.connection().newKey();
        liveness = new Liveness(loop.nanoTime());
        idleSinceNanos = loop.nanoTime();
    }

    Object key() {
        return key;
    }

    void connect() {
        ChannelFuture connected = loop.connector().connect(address, connectTimeout, codec);
        connected.addListener(done -> {
            if (done.cause() instanceof ConnectTimeoutException) {
                gone(Loss.CONNECT_TIMEOUT);
            } else if (!done.isSuccess()) {
                gone(Loss.CONNECT_FAILED);
            }
        });
        notReady = loop.eventLoop().schedule(() -> slow(connected), connectTimeout.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Whoever can be served elsewhere no longer waits; a pod that has just started may take its time, so the others do. */
    private void slow(ChannelFuture connected) {
        slow = true;
        notReady = loop.eventLoop()
                .schedule(
                        () -> {
                            gone(Loss.CONNECT_TIMEOUT);
                            connected.channel().close();
                        },
                        HELLO_SECONDS,
                        TimeUnit.SECONDS);
        List.copyOf(waiting).forEach(Attempt::onSlow);
    }

    /** Whether another call may be given to it now. */
    boolean takes() {
        if (leaving || gone || liveness.silent()) {
            return false;
        }
        return ready ? hasRoom() : waiting.size() < WAITING;
    }

    private boolean hasRoom() {
        Http2Connection.Endpoint<?> local = codec.connection().local();
        return local.numActiveStreams() < local.maxActiveStreams()
                && local.lastStreamCreated() < LAST_ID
                && !codec.clogged();
    }

    /** Makes {@code attempt}'s call as soon as it can; only after {@link #takes}. */
    void open(Attempt attempt) {
        if (ready) {
            begin(attempt);
        } else {
            waiting.add(attempt);
            if (slow) {
                attempt.onSlow();
            }
        }
    }

    private void begin(Attempt attempt) {
        Http2Connection connection = codec.connection();
        if (connection.numActiveStreams() == 0) {
            liveness.busy(loop.nanoTime());
        }
        try {
            Http2Stream stream =
                    connection.local().createStream(connection.local().incrementAndGetNextStreamId(), false);
            stream.setProperty(attemptOf, attempt);
            attempt.onOpen(new StreamPort(codec, stream));
        } catch (Http2Exception e) {
            LOG.warn("{}: no stream", this, e); // Not seen: takes() asks for all that createStream checks.
            leave();
            attempt.onLost(Loss.UNSENT);
        }
    }

    /** The endpoint does not answer: whoever can be served elsewhere no longer waits for it. */
    void hung() {
        List.copyOf(waiting).forEach(Attempt::onSlow);
        attempts().forEach(Attempt::onHung);
    }

    /** Looks after itself, a few times a second. */
    void sweep(long now) {
        int active = codec.connection().numActiveStreams();
        if (key instanceof Subchannel endpoint && endpoint.draining()) {
            leave();
        }
        if (!ready || gone) {
            return;
        }
        if (active == 0) {
            if (leaving || now - idleSinceNanos > loop.limits().upstreamIdle().toNanos()) {
                leave();
            }
            return;
        }
        switch (liveness.check(now)) {
            case FINE -> {}
            case PING -> {
                codec.encoder()
                        .writePing(codec.context(), false, now, codec.context().newPromise());
                codec.flushSoon();
            }
            case SILENT -> attempts().forEach(Attempt::onSilent);
            case DEAD -> {
                LOG.info("{}: no answer to PING, closing the connection with {} calls on it", this, active);
                codec.context().channel().unsafe().close(codec.context().voidPromise());
            }
        }
    }

    private List<Attempt> attempts() {
        List<Attempt> attempts = new ArrayList<>();
        try {
            codec.connection().forEachActiveStream(stream -> {
                Attempt attempt = stream.getProperty(attemptOf);
                if (attempt != null) {
                    attempts.add(attempt);
                }
                return true;
            });
        } catch (Http2Exception e) {
            throw new IllegalStateException(e); // The visitor throws none.
        }
        return attempts;
    }

    /** Takes no more calls, and closes when there are none. */
    void leave() {
        leaving = true;
        if (ready && !gone && codec.connection().numActiveStreams() == 0 && waiting.isEmpty()) {
            codec.context().channel().close(); // The codec says GOAWAY.
        }
    }

    /** @param loss what becomes of the calls that wait for it to stand */
    private void gone(Loss loss) {
        if (gone) {
            return;
        }
        gone = true;
        if (notReady != null) {
            notReady.cancel(false);
        }
        pool.remove(this);
        List<Attempt> all = new ArrayList<>(waiting);
        waiting.clear();
        all.forEach(attempt -> attempt.onLost(loss));
    }

    @Override
    void onBytes() {
        liveness.bytes(loop.nanoTime());
    }

    @Override
    void onGone() {
        gone(Loss.CONNECT_FAILED);
    }

    @Override
    void onBroken() {
        if (!ready) {
            gone(Loss.NOT_HTTP2);
        }
        leaving = true;
    }

    @Override
    void onMalformed(Http2Stream stream) {
        Attempt attempt = stream.getProperty(attemptOf);
        if (attempt != null) {
            attempt.onLost(Loss.BAD_RESPONSE);
        }
    }

    @Override
    public void onSettingsRead(ChannelHandlerContext ctx, Http2Settings settings) {
        if (ready || gone) {
            return;
        }
        ready = true;
        if (notReady != null) {
            notReady.cancel(false);
        }
        List<Attempt> all = new ArrayList<>(waiting);
        waiting.clear();
        for (Attempt attempt : all) {
            if (attempt.over()) {
                continue;
            }
            if (hasRoom()) {
                begin(attempt);
            } else {
                pool.open(key, address, connectTimeout, attempt);
            }
        }
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
            boolean endOfStream) {
        liveness.served();
        Attempt attempt = attempt(streamId);
        if (attempt != null) {
            attempt.onHeaders(headers, endOfStream);
        }
    }

    @Override
    public int onDataRead(ChannelHandlerContext ctx, int streamId, ByteBuf data, int padding, boolean endOfStream) {
        liveness.served();
        Attempt attempt = attempt(streamId);
        return attempt == null ? data.readableBytes() + padding : attempt.onData(data, padding, endOfStream);
    }

    @Override
    public void onRstStreamRead(ChannelHandlerContext ctx, int streamId, long errorCode) {
        Attempt attempt = attempt(streamId);
        if (attempt != null) {
            attempt.onReset(errorCode);
        }
    }

    @Override
    public void onGoAwayReceived(int lastStreamId, long errorCode, ByteBuf debugData) {
        leaving = true;
        lastProcessed = lastStreamId;
    }

    @Override
    public void onStreamClosed(Http2Stream stream) {
        Attempt attempt = stream.removeProperty(attemptOf);
        if (attempt != null) {
            attempt.onLost(stream.id() > lastProcessed ? Loss.LEFT_OUT : Loss.BROKEN);
            attempt.onClosed();
        }
        if (codec.connection().numActiveStreams() == 0) {
            idleSinceNanos = loop.nanoTime();
            if (leaving && !gone) {
                loop.eventLoop().execute(this::leave);
            }
        }
    }

    private @Nullable Attempt attempt(int streamId) {
        Http2Stream stream = codec.connection().stream(streamId);
        return stream == null ? null : stream.getProperty(attemptOf);
    }

    @Override
    public String toString() {
        return "HTTP/2 connection to " + key;
    }
}
