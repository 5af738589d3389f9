package dev.sidestep.examples.backend;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerExpectContinueHandler;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetSocketAddress;

/** The HTTP/1.1 side. Owned by {@code main}. */
@SuppressWarnings(
        "FutureReturnValueIgnored") // Of writes and closes: a connection that fails at them is closed, and that is all.
final class HttpServer {
    private static final int MAX_BODY = 1 << 20;

    private final Channel listener;
    private final ChannelGroup connections;

    private HttpServer(Channel listener, ChannelGroup connections) {
        this.listener = listener;
        this.connections = connections;
    }

    static HttpServer start(Backend.Config config, EventLoopGroup loops, Faults faults, AccessLog log)
            throws InterruptedException {
        var connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
        Channel listener = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, 1024)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        connections.add(channel);
                        channel.pipeline()
                                .addLast(new HttpServerCodec())
                                .addLast(new HttpServerExpectContinueHandler())
                                .addLast(new HttpObjectAggregator(MAX_BODY))
                                .addLast(new HttpApi(config, faults, log));
                    }
                })
                .bind(config.address(), config.httpPort())
                .sync()
                .channel();
        return new HttpServer(listener, connections);
    }

    int port() {
        return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    /** Takes no new connection and ends each one there is after the request that it is busy with. */
    void drain() {
        listener.close().awaitUninterruptibly();
        for (Channel each : connections) {
            var api = each.pipeline().context(HttpApi.class);
            if (api != null) {
                each.eventLoop().execute(() -> ((HttpApi) api.handler()).drain(api));
            }
        }
    }

    boolean isDrained() {
        return connections.isEmpty();
    }
}
