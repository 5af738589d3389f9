package dev.sidestep.agent;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerUpgradeHandler;
import io.netty.handler.codec.http2.CleartextHttp2ServerUpgradeHandler;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2ServerUpgradeCodec;
import io.netty.util.ReferenceCountUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** A backend of HTTP/2 without TLS, by upgrade, that answers every request with its name. */
@SuppressWarnings("FutureReturnValueIgnored") // What is not written shows as a call that fails.
final class Http2Backend implements AutoCloseable {
    private final String name;
    private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicInteger requests = new AtomicInteger();
    private final AtomicInteger resets = new AtomicInteger();
    private final Set<String> authorities = ConcurrentHashMap.newKeySet();
    private volatile int status = 200; // 0: answers nothing.
    private final Channel listener;

    private Http2Backend(String name) {
        this.name = name;
        this.listener = new ServerBootstrap()
                .group(loop)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        connections.incrementAndGet();
                        HttpServerCodec http1 = new HttpServerCodec();
                        channel.pipeline()
                                .addLast(new CleartextHttp2ServerUpgradeHandler(
                                        http1,
                                        new HttpServerUpgradeHandler(http1, protocol -> upgrade()),
                                        new ChannelInboundHandlerAdapter()));
                    }
                })
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .syncUninterruptibly()
                .channel();
    }

    static Http2Backend start(String name) {
        return new Http2Backend(name);
    }

    private HttpServerUpgradeHandler.UpgradeCodec upgrade() {
        return new Http2ServerUpgradeCodec(
                Http2FrameCodecBuilder.forServer().build(),
                new Http2MultiplexHandler(new Streams(false), new Streams(true)));
    }

    int port() {
        return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    /** What it answers from now on; 0: nothing. */
    void answer(int newStatus) {
        status = newStatus;
    }

    /** Requests read so far. */
    int requests() {
        return requests.get();
    }

    /** Streams that the client has given up. */
    int resets() {
        return resets.get();
    }

    int connections() {
        return connections.get();
    }

    Set<String> authorities() {
        return authorities;
    }

    @Override
    public void close() {
        listener.close().syncUninterruptibly();
        loop.shutdownGracefully();
    }

    /** Makes the handler of each stream; the one of the upgrade has its request behind it. */
    private final class Streams extends ChannelInitializer<Channel> {
        private final boolean ofUpgrade;

        Streams(boolean ofUpgrade) {
            this.ofUpgrade = ofUpgrade;
        }

        @Override
        protected void initChannel(Channel stream) {
            stream.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                @Override
                public void channelActive(ChannelHandlerContext context) {
                    if (ofUpgrade) {
                        answer(context);
                    }
                }

                @Override
                public void channelRead(ChannelHandlerContext context, Object frame) {
                    if (frame instanceof Http2HeadersFrame headers) {
                        authorities.add(String.valueOf(headers.headers().authority()));
                    }
                    if ((frame instanceof Http2HeadersFrame headers && headers.isEndStream())
                            || (frame instanceof Http2DataFrame data && data.isEndStream())) {
                        answer(context);
                    }
                    ReferenceCountUtil.release(frame);
                }

                @Override
                public void userEventTriggered(ChannelHandlerContext context, Object event) {
                    if (event instanceof Http2ResetFrame) {
                        resets.incrementAndGet();
                    }
                    context.fireUserEventTriggered(event);
                }
            });
        }

        private void answer(ChannelHandlerContext context) {
            requests.incrementAndGet();
            int code = status;
            if (code == 0) {
                return;
            }
            context.write(new DefaultHttp2HeadersFrame(new DefaultHttp2Headers().status(Integer.toString(code))));
            context.writeAndFlush(new DefaultHttp2DataFrame(Unpooled.copiedBuffer(name, StandardCharsets.UTF_8), true));
        }
    }
}
