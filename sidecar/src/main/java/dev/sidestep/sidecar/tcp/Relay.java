package dev.sidestep.sidecar.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketChannelConfig;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One direction of two connections that are now one: passes on what it reads, reads no faster than the other side
 * writes, and passes on the end of the stream as well. Confined to their event loop.
 */
public final class Relay extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(Relay.class);

    private final Channel to;
    private final Runnable onEnd;
    private @Nullable Relay back;
    private boolean inputOver;
    private boolean passedOn;
    private boolean ended;

    private Relay(Channel to, Runnable onEnd) {
        this.to = to;
        this.onEnd = onEnd;
    }

    /**
     * Joins two channels of one event loop, both without a handler of ours.
     *
     * @param fromLeft what was read from {@code left} already; released here
     * @param fromRight what was read from {@code right} already; released here
     * @param onEnd runs once, when both are closed
     */
    public static void join(Channel left, ByteBuf fromLeft, Channel right, ByteBuf fromRight, Runnable onEnd) {
        Relay toRight = new Relay(right, onEnd);
        Relay toLeft = new Relay(left, onEnd);
        toRight.back = toLeft;
        toLeft.back = toRight;
        left.pipeline().addLast(toRight);
        right.pipeline().addLast(toLeft);
        right.writeAndFlush(fromLeft);
        left.writeAndFlush(fromRight);
        if (!left.isActive() || !right.isActive()) {
            left.close();
            right.close();
            toRight.closed();
            toLeft.closed();
            return;
        }
        for (Channel each : new Channel[] {left, right}) {
            ((SocketChannelConfig) each.config()).setAllowHalfClosure(true);
        }
        toRight.pace();
        toLeft.pace();
        if (((SocketChannel) left).isInputShutdown()) {
            toRight.inputIsOver(left);
        }
        if (((SocketChannel) right).isInputShutdown()) {
            toLeft.inputIsOver(right);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        to.write(message);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        to.flush();
    }

    /** The channel takes more again, or no more: what is to be written to it is read elsewhere. */
    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        pace();
    }

    private void pace() {
        if (back != null) {
            Channel source = to;
            Channel sink = back.to;
            // To ask for more behind the end is an error to epoll, and would close the other direction too.
            if (!((SocketChannel) source).isInputShutdown() && source.config().isAutoRead() != sink.isWritable()) {
                source.config().setAutoRead(sink.isWritable());
            }
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        // The first of the two events of an end, and behind all data; the second needs another read, which may not
        // come.
        if (event == ChannelInputShutdownEvent.INSTANCE) {
            inputIsOver(context.channel());
        }
    }

    private void inputIsOver(Channel from) {
        if (inputOver) {
            return;
        }
        inputOver = true;
        if (back != null && back.passedOn) {
            from.close(); // Nothing goes either way any more; epoll would report that without end.
        } else {
            // Netty's own shutdown would drop what is not written yet.
            to.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> passOnEnd());
        }
    }

    private void passOnEnd() {
        passedOn = true;
        if (back != null && back.inputOver) {
            to.close();
        } else {
            ((SocketChannel) to).shutdownOutput();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        // Behind what was read, which is the other side's whatever ended this one.
        to.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        closed();
    }

    private void closed() {
        ended = true;
        if (back != null && back.ended) {
            onEnd.run();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (!(cause instanceof IOException)) {
            LOG.warn("closing the connection of {}", context.channel().remoteAddress(), cause);
        }
        context.close();
    }
}
