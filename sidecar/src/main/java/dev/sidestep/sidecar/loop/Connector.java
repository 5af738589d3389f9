package dev.sidestep.sidecar.loop;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * Opens upstream connections on one event loop, so that the two halves of a proxied call never cross threads. Channels
 * come with auto-read off: who reads decides when. Confined to the event loop.
 */
public final class Connector {
    private final Bootstrap bootstrap;
    private final OwnConnections own;

    /** @param own is told of each connection that stands */
    public Connector(EventLoop eventLoop, Transport transport, Limits limits, OwnConnections own) {
        this.own = own;
        bootstrap = new Bootstrap()
                .group(eventLoop)
                .channel(transport.socketChannel())
                .option(ChannelOption.AUTO_READ, false)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.WRITE_BUFFER_WATER_MARK, waterMark(limits));
    }

    /** The marks between which a channel's unsent bytes swing; above the high one its source is not read. */
    public static WriteBufferWaterMark waterMark(Limits limits) {
        return new WriteBufferWaterMark(limits.writeBufferBytes() / 2, limits.writeBufferBytes());
    }

    /**
     * Connects to {@code address}. The future fails with {@link io.netty.channel.ConnectTimeoutException} after {@code
     * timeout}, with {@link java.net.ConnectException} when refused.
     *
     * @param address resolved
     * @param handler the only handler of the new channel
     */
    public ChannelFuture connect(InetSocketAddress address, Duration timeout, ChannelHandler handler) {
        ChannelFuture connected = bootstrap
                .clone()
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) Math.max(1, timeout.toMillis()))
                .handler(handler)
                .connect(address);
        return connected.addListener(done -> {
            if (done.isSuccess()) {
                own.opened(connected.channel());
            }
        });
    }
}
