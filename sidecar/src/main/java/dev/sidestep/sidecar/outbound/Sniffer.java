package dev.sidestep.sidecar.outbound;

import dev.sidestep.model.Protocol;
import dev.sidestep.sidecar.loop.Held;
import dev.sidestep.sidecar.loop.LoopContext;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Reads a connection's first bytes until they tell its protocol, or time is up. Confined to its event loop. */
final class Sniffer extends ChannelInboundHandlerAdapter implements LoopContext.Drainable {
    private final LoopContext loop;
    private final Channel client;
    private final Duration limit;
    private final Verdict verdict;

    private ByteBuf bytes = Unpooled.EMPTY_BUFFER;
    private @Nullable Future<?> timeout;
    private boolean over;

    Sniffer(LoopContext loop, Channel client, Duration limit, Verdict verdict) {
        this.loop = loop;
        this.client = client;
        this.limit = limit;
        this.verdict = verdict;
    }

    /** Hears the end. */
    @FunctionalInterface
    interface Verdict {
        /**
         * The connection has spoken, or has not, or not enough, in time: then {@code protocol} is {@link
         * Protocol#UNDECLARED}.
         *
         * @param bytes what it said; the hearer releases it
         */
        void tell(Protocol protocol, ByteBuf bytes);
    }

    /** @param firstBytes what was read before; released here */
    void start(ByteBuf firstBytes) {
        client.pipeline().addLast(this);
        timeout = loop.eventLoop().schedule(this::timeOut, limit.toNanos(), TimeUnit.NANOSECONDS);
        loop.opened(this);
        if (client.isActive()) {
            add(firstBytes);
        } else {
            firstBytes.release();
            drop();
        }
    }

    private void add(ByteBuf more) {
        bytes = Held.append(bytes, more);
        Protocol told = FirstBytes.tell(bytes);
        if (told == Protocol.UNDECLARED) {
            client.read();
        } else {
            tell(told);
        }
    }

    private void timeOut() {
        if (!over) {
            tell(Protocol.UNDECLARED);
        }
    }

    private void tell(Protocol told) {
        over = true;
        if (timeout != null) {
            timeout.cancel(false);
        }
        client.pipeline().remove(this);
        loop.closed(this);
        verdict.tell(told, bytes);
    }

    private void drop() {
        over = true;
        loop.closed(this);
        bytes.release();
        if (timeout != null) {
            timeout.cancel(false);
        }
    }

    /** It has not said a word. */
    @Override
    public void drain() {
        client.close();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        add((ByteBuf) message);
    }

    /** It is done speaking, so what it has said must do. */
    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event == ChannelInputShutdownEvent.INSTANCE && !over) {
            tell(Protocol.TCP);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (!over) {
            drop();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close(); // A reset before the first word is nobody's concern.
    }
}
