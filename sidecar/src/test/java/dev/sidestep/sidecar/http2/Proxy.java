package dev.sidestep.sidecar.http2;

import dev.sidestep.balancing.LoadBalancer;
import dev.sidestep.concurrent.ThreadSerialExecutor;
import dev.sidestep.sidecar.loop.Connector;
import dev.sidestep.sidecar.loop.Limits;
import dev.sidestep.sidecar.loop.LoopContext;
import dev.sidestep.sidecar.loop.OwnConnections;
import dev.sidestep.sidecar.loop.SystemResolver;
import dev.sidestep.sidecar.loop.Transport;
import dev.sidestep.sidecar.outbound.OriginalDestination;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** The HTTP/2 half of a sidecar on one event loop and one port of its own. */
public final class Proxy implements AutoCloseable {
    private final ThreadSerialExecutor owner = new ThreadSerialExecutor("balancer");
    private final MultiThreadIoEventLoopGroup group;
    private final Channel listener;
    private final Directory directory;
    final LoopContext loop;

    /** Streams go by their authority. */
    Proxy() {
        this(loop -> OriginalDestination.PerRequest.PER_REQUEST);
    }

    Proxy(Function<LoopContext, OriginalDestination> origin) {
        this(origin, patient());
    }

    /** The usual limits, but for a first answer, or a first byte in a tunnel, that a loaded machine may bring late. */
    public static Limits patient() {
        Limits usual = Limits.DEFAULT;
        return new Limits(
                usual.headBytes(),
                usual.headTimeout(),
                usual.idleTimeout(),
                usual.writeBufferBytes(),
                usual.connectionsPerEndpoint(),
                usual.waitersPerEndpoint(),
                usual.upstreamIdle(),
                Duration.ofSeconds(5),
                Duration.ofSeconds(5),
                usual.drain());
    }

    Proxy(Function<LoopContext, OriginalDestination> origin, Limits limits) {
        Transport transport = Transport.valueOf(
                System.getProperty("sidestep.transport", Transport.best().name())
                        .toUpperCase(Locale.ROOT));
        group = new MultiThreadIoEventLoopGroup(1, transport.ioHandlers());
        EventLoop eventLoop = group.next();
        var balancer = new LoadBalancer(owner, LoadBalancer.Settings.inNamespace("default"));
        directory = new Directory(owner, balancer);
        directory.start();
        loop = new LoopContext(
                eventLoop,
                balancer,
                new Connector(eventLoop, transport, limits, new OwnConnections()),
                new SystemResolver(ForkJoinPool.commonPool()),
                limits,
                "127.0.0.1:16000");
        OriginalDestination to = origin.apply(loop);
        var connections = new Http2Connections(loop);
        listener = new ServerBootstrap()
                .group(group)
                .channel(transport.serverSocketChannel())
                .childOption(ChannelOption.AUTO_READ, false)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                            @Override
                            public void channelActive(ChannelHandlerContext ctx) {
                                ctx.read();
                            }

                            @Override
                            public void channelRead(ChannelHandlerContext ctx, Object msg) {
                                ctx.pipeline().remove(this);
                                connections.take(ctx.channel(), (ByteBuf) msg, to);
                            }
                        });
                    }
                })
                .bind("127.0.0.1", 0)
                .syncUninterruptibly()
                .channel();
    }

    Directory directory() {
        return directory;
    }

    InetSocketAddress address() {
        return (InetSocketAddress) listener.localAddress();
    }

    @Override
    public void close() {
        listener.close().syncUninterruptibly();
        // A little quiet first: what is under way ends as it does when a connection is lost.
        group.shutdownGracefully(20, 5_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
        owner.close();
    }
}
