package dev.sidestep.sidecar.http1;

import dev.sidestep.sidecar.pool.ConnectionPool;
import dev.sidestep.sidecar.pool.PooledConnection;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection to an endpoint: reads responses for the exchange that has it. Whatever comes while none has it ends it.
 * Confined to its event loop.
 */
final class Upstream extends PooledConnection {
    private static final Logger LOG = LoggerFactory.getLogger(Upstream.class);

    /** To read away more, or for longer, costs more than another connection does. */
    private static final int MAX_UNWANTED_BYTES = 64 << 10;

    private static final long MAX_UNWANTED_MILLIS = 1_000;

    private final HeadReader reader;
    private final ResponseHead head = new ResponseHead();
    private final Body body;
    private @Nullable Exchange exchange;

    /** Where it goes once it has read away an answer that nobody wants; null while there is none such. */
    private @Nullable ConnectionPool home;

    private int unwanted;
    private @Nullable Future<?> awayTooLong;
    private boolean inBody;
    private boolean broken;

    Upstream(HeadReader reader, Body body) {
        this.reader = reader;
        this.body = body;
    }

    /** Reads the next response for {@code next}. */
    void begin(Exchange next) {
        exchange = next;
        inBody = false;
        setReading(true);
    }

    /** What comes from now on is nobody's. */
    void detach() {
        exchange = null;
        setReading(true);
    }

    /** The rest of the answer is nobody's: once it is read away, the connection goes back to {@code pool}. */
    void readAway(ConnectionPool pool) {
        detach();
        home = pool;
        unwanted = 0;
    }

    /** Whether nothing that was written to it waits to be sent. */
    boolean allSent() {
        ChannelOutboundBuffer waiting = channel().unsafe().outboundBuffer();
        return waiting == null || waiting.totalPendingWriteBytes() == 0;
    }

    void setReading(boolean reading) {
        if (channel().config().isAutoRead() != reading) {
            channel().config().setAutoRead(reading);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf in = (ByteBuf) message;
        try {
            Exchange current = exchange;
            if (home != null) {
                readAway(in);
                return;
            }
            if (current == null) {
                context.close(); // Nobody asked: a server's time-out notice, or a second response to one request.
                return;
            }
            current.firstByte();
            read(in);
        } finally {
            in.release();
        }
    }

    private void read(ByteBuf in) {
        Exchange current = exchange;
        while (current != null && in.isReadable()) {
            if (inBody) {
                readBody(current, in);
            } else {
                readHead(current, in);
            }
            if (exchange == null && home == null && in.isReadable()) {
                channel().close();
            }
            current = exchange;
        }
    }

    private void readHead(Exchange current, ByteBuf in) {
        Head.Scan scan = reader.read(head, in);
        if (scan == Head.Scan.MORE) {
            return;
        }
        if (scan != Head.Scan.COMPLETE) {
            current.badResponse();
            return;
        }
        if (head.status == 101) {
            exchange = null;
            current.switchProtocols(head, in);
        } else if (head.informational()) {
            current.informational(head);
        } else {
            inBody = true;
            head.body(current.toHead(), body);
            if (current.goesElsewhere(head)) {
                readAway(in);
                return;
            }
            current.responseHead(head, body);
            end(current, in);
        }
    }

    private void readAway(ByteBuf in) {
        ConnectionPool pool = home;
        int taken = body.take(in);
        in.skipBytes(taken);
        unwanted += taken;
        if (body.done() && head.persistent() && !in.isReadable() && pool != null) {
            home = null;
            inBody = false;
            if (awayTooLong != null) {
                awayTooLong.cancel(false);
                awayTooLong = null;
            }
            pool.release(this);
        } else if (pool == null
                || in.isReadable()
                || body.done()
                || body.malformed()
                || body.endsWithConnection()
                || unwanted > MAX_UNWANTED_BYTES) {
            channel().close();
        } else if (awayTooLong == null) {
            awayTooLong =
                    channel().eventLoop().schedule(() -> channel().close(), MAX_UNWANTED_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private void readBody(Exchange current, ByteBuf in) {
        int taken = body.take(in);
        if (body.malformed()) {
            current.badResponse();
            return;
        }
        current.responseBody(in.readRetainedSlice(taken));
        end(current, in);
    }

    private void end(Exchange current, ByteBuf in) {
        if (body.done()) {
            exchange = null;
            inBody = false;
            current.responseEnd(head.persistent() && !in.isReadable());
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        Exchange current = exchange;
        if (current != null) {
            current.flushResponse();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        Exchange current = exchange;
        if (current != null) {
            current.upstreamWritabilityChanged();
        }
    }

    @Override
    protected void onHung() {
        Exchange current = exchange;
        if (current != null) {
            current.endpointHung();
        }
    }

    @Override
    protected void onClosed() {
        if (awayTooLong != null) {
            awayTooLong.cancel(false);
        }
        Exchange current = exchange;
        exchange = null;
        if (current != null) {
            if (inBody && body.endsWithConnection() && !broken) {
                current.responseEnd(false);
            } else {
                current.upstreamLost();
            }
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (!(cause instanceof IOException)) {
            LOG.warn("closing the connection to {}", context.channel().remoteAddress(), cause);
        }
        broken = true;
        context.close();
    }
}
