package dev.sidestep.sidecar.http1;

import dev.sidestep.balancing.Reason;
import dev.sidestep.sidecar.loop.CallerConnections;
import dev.sidestep.sidecar.loop.Failure;
import dev.sidestep.sidecar.loop.LoopContext;
import dev.sidestep.sidecar.loop.Target;
import dev.sidestep.sidecar.outbound.OriginalDestination;
import dev.sidestep.sidecar.tcp.Relay;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.SocketChannel;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client's HTTP/1 connection: reads requests, one exchange at a time, in order. Confined to its event loop.
 *
 * <p>It reads on while a response is out, to notice when the client leaves; should a further request come instead, that
 * is held and nothing more is read, so a client costs at most one receive buffer.
 */
final class ClientConnection extends ChannelInboundHandlerAdapter implements LoopContext.Drainable {
    private static final Logger LOG = LoggerFactory.getLogger(ClientConnection.class);
    private static final int HTTP_PORT = 80;

    private static final long LINGER_NANOS = 1_000_000_000;

    private enum State {
        /** Between requests, or in the head of one. */
        HEAD,
        /** The request's body passes. */
        BODY,
        /** The request is here whole, its response is not. */
        WAIT,
        /** Nothing more is answered: what the client still sends is read away, so that it can read what we sent. */
        DISCARD,
        /** Closed, or handed on. */
        GONE
    }

    private final Http1Connections owner;
    private final LoopContext loop;
    private final Channel channel;
    private final HeadReader reader;
    private final RequestHead request = new RequestHead();
    private final Body body;

    private State state = State.HEAD;
    private @Nullable ByteBuf held;
    private @Nullable Exchange exchange;
    private boolean pumping;
    private boolean persistent = true;
    /** When it came into the state that {@link #checkTime} may end. */
    private long sinceNanos;

    private final CallerConnections callers = new CallerConnections();
    private final RequestTargets targets;
    private final DirectConnections direct = new DirectConnections();

    ClientConnection(Http1Connections owner, Channel channel, OriginalDestination origin) {
        this.owner = owner;
        this.loop = owner.loop();
        this.channel = channel;
        targets = new RequestTargets(loop, origin);
        reader = owner.headReader();
        body = new Body(loop.limits().headBytes());
    }

    void start(ByteBuf firstBytes) {
        channel.pipeline().addLast(this);
        sinceNanos = loop.nanoTime();
        loop.opened(this);
        if (firstBytes.isReadable()) {
            held = firstBytes;
        } else {
            firstBytes.release();
        }
        if (channel.isActive()) {
            pump();
        } else {
            gone();
        }
    }

    Channel channel() {
        return channel;
    }

    /** Its connections as they would be without us. */
    CallerConnections callers() {
        return callers;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf in = (ByteBuf) message;
        if (held == null) {
            held = in;
        } else {
            held = Unpooled.wrappedBuffer(held, in);
        }
        pump();
    }

    /** Goes as far as it can with what is held. */
    private void pump() {
        if (pumping) {
            return;
        }
        pumping = true;
        boolean more;
        do {
            more = step();
        } while (more);
        pumping = false;
        Exchange current = exchange;
        if (current != null) {
            current.flushRequest();
        }
        updateReading();
    }

    private boolean step() {
        ByteBuf in = held;
        if (in == null) {
            return false;
        }
        boolean moved = switch (state) {
            case HEAD -> channel.isWritable() && readHead(in);
            case BODY -> readBody(in);
            case WAIT -> false;
            case DISCARD, GONE -> {
                in.skipBytes(in.readableBytes());
                yield false;
            }
        };
        ByteBuf left = held;
        if (left != null && !left.isReadable()) {
            held = null;
            left.release();
            return false;
        }
        return moved;
    }

    private boolean readHead(ByteBuf in) {
        boolean partial = reader.isPartial();
        switch (reader.read(request, in)) {
            case MORE -> {
                if (!partial) {
                    sinceNanos = loop.nanoTime();
                }
                return false;
            }
            case MALFORMED -> refuse(Reason.AMBIGUOUS_REQUEST);
            case TOO_LARGE -> refuse(Reason.REQUEST_TOO_LARGE);
            case COMPLETE -> begin(in);
        }
        return true;
    }

    private void begin(ByteBuf in) {
        Target target = targets.of(request);
        if (target == null) {
            refuse(Reason.AMBIGUOUS_REQUEST);
            return;
        }
        if (request.isConnect) {
            state = State.GONE;
            held = null;
            leave();
            owner.connectRequest().open(channel, target, in);
            return;
        }
        persistent = request.persistent() && !loop.draining();
        if (request.chunked) {
            body.chunked();
        } else {
            body.length(Math.max(0, request.length));
        }
        state = body.done() ? State.WAIT : State.BODY;
        ByteBuf head = channel.alloc().buffer(request.writtenBytes());
        request.write(head);
        exchange = new Exchange(owner, this, target, request, head);
        exchange.start();
    }

    private boolean readBody(ByteBuf in) {
        Exchange current = exchange;
        if (current == null || !current.writable()) {
            return false;
        }
        int taken = body.take(in);
        if (body.malformed()) {
            boolean answering = current.answering();
            current.cancel();
            if (answering) {
                abort();
            } else {
                refuse(Reason.AMBIGUOUS_REQUEST);
            }
            return true;
        }
        if (taken == in.readableBytes()) {
            held = null;
            current.sendBody(in);
        } else {
            current.sendBody(in.readRetainedSlice(taken));
        }
        if (body.done()) {
            state = State.WAIT;
        }
        return true;
    }

    /** The exchange can send more now. */
    void upstreamReady() {
        pump();
    }

    boolean requestDone() {
        return state == State.WAIT;
    }

    /**
     * Decides whether the connection stays open behind this response.
     *
     * @param framed whether the client can tell where the response ends
     */
    boolean staysAfter(boolean framed) {
        persistent = persistent && framed && requestDone() && !loop.draining();
        return persistent;
    }

    void exchangeEnded() {
        exchange = null;
        channel.flush();
        if (state == State.GONE) {
            return;
        }
        if (!persistent || loop.draining()) {
            end();
        } else {
            state = State.HEAD;
            sinceNanos = loop.nanoTime();
            pump();
        }
    }

    /** Closes behind what was written. */
    private void end() {
        if (state == State.WAIT && held == null) {
            state = State.GONE;
            channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
            return;
        }
        // Closed with unread bytes, the socket would be reset, and the client might never see our last response.
        state = State.DISCARD;
        sinceNanos = loop.nanoTime();
        channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> {
            if (channel.isActive()) {
                ((SocketChannel) channel).shutdownOutput();
            }
        });
        pump();
    }

    /** Ends the connection in the middle of a response. */
    void abort() {
        exchange = null;
        state = State.GONE;
        channel.close();
    }

    /** Refuses a request that leads nowhere. */
    private void refuse(Reason reason) {
        loop.unaddressed().failed(reason);
        loop.unaddressed().ended(reason.httpStatus(), 0);
        persistent = false;
        Target known = targets.last();
        refuse(
                new Failure(
                        reason,
                        known == null ? "unknown" : known.host(),
                        known == null ? HTTP_PORT : known.port(),
                        List.of(),
                        loop.admin()),
                false);
    }

    /** Answers in the endpoint's place. */
    void refuse(Failure failure, boolean toHead) {
        LOG.debug("{}", failure);
        persistent = persistent && requestDone() && !loop.draining();
        channel.write(ErrorResponse.of(failure, toHead, persistent, channel.alloc()));
        exchangeEnded();
    }

    void clientTooSlow() {
        persistent = false;
        channel.write(ErrorResponse.requestTimeout(channel.alloc()));
        exchangeEnded();
    }

    /** Ends what takes too long. */
    void checkTime(long nowNanos) {
        long age = nowNanos - sinceNanos;
        if (state == State.HEAD && reader.isPartial()) {
            if (age > loop.limits().headTimeout().toNanos()) {
                clientTooSlow();
            }
        } else if (state == State.HEAD) {
            if (age > loop.limits().idleTimeout().toNanos()) {
                channel.close();
            }
        } else if (state == State.DISCARD && age > LINGER_NANOS) {
            channel.close();
        }
    }

    private void updateReading() {
        boolean reading = switch (state) {
            case HEAD -> held == null && channel.isWritable();
            case BODY -> held == null && exchange != null && exchange.writable();
            case WAIT -> held == null;
            case DISCARD -> true;
            case GONE -> channel.config().isAutoRead(); // Not ours any more.
        };
        if (channel.config().isAutoRead() != reading) {
            channel.config().setAutoRead(reading);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        Exchange current = exchange;
        if (current != null) {
            current.clientWritabilityChanged(channel.isWritable());
        } else if (channel.isWritable()) {
            pump();
        }
    }

    @Override
    public void drain() {
        if (state == State.HEAD && held == null && !reader.isPartial()) {
            channel.close();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        gone();
    }

    private void gone() {
        Exchange current = exchange;
        exchange = null;
        state = State.GONE;
        if (held != null) {
            held.release();
            held = null;
        }
        if (current != null) {
            current.cancel();
        }
        leave();
    }

    /** Nothing of this connection is left here. */
    private void leave() {
        direct.close();
        callers.close();
        owner.closed(this);
        loop.closed(this);
        if (channel.pipeline().context(this) != null) {
            channel.pipeline().remove(this);
        }
    }

    /** Passes bytes on from here on, both ways. */
    void becomeRelay(Upstream upstream, ByteBuf fromUpstream, Runnable onEnd) {
        ByteBuf fromClient = held == null ? Unpooled.EMPTY_BUFFER : held;
        held = null;
        exchange = null;
        state = State.GONE;
        direct.release(upstream);
        leave();
        Channel other = upstream.channel();
        other.pipeline().remove(upstream);
        Runnable onClosed = loop.relaying();
        Relay.join(channel, fromClient, other, fromUpstream, () -> {
            onClosed.run();
            onEnd.run();
        });
    }

    /** Its connections for what goes where it was going. */
    DirectConnections direct() {
        return direct;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (!(cause instanceof IOException)) {
            LOG.warn("closing the connection from {}", context.channel().remoteAddress(), cause);
        }
        context.close();
    }
}
