package dev.sidestep.cli.images;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshakerFactory;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ApplicationProtocolNegotiationHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@link PretendApi} as clients find the real one: TLS, requests by HTTP/2, watches by web sockets. Whether it is the same
 * to a client's JVM is what the archive is worth.
 */
@SuppressWarnings("FutureReturnValueIgnored") // Netty tells of a failed write or close by the channel's own events.
final class PretendApiServer implements Closeable {
    private static final Logger LOG = LoggerFactory.getLogger(PretendApiServer.class);
    private static final int LARGEST = 1 << 20;

    private final PretendObjects objects;
    private final PretendApi api;
    private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());

    /** Listens on loopback. */
    PretendApiServer(int port, TrainingKeys keys, PretendObjects objects) throws IOException {
        this.objects = objects;
        this.api = new PretendApi(objects);
        SslContext tls = SslContextBuilder.forServer(keys.managers())
                .sslProvider(SslProvider.JDK)
                .applicationProtocolConfig(new ApplicationProtocolConfig(
                        Protocol.ALPN,
                        SelectorFailureBehavior.NO_ADVERTISE,
                        SelectedListenerFailureBehavior.ACCEPT,
                        ApplicationProtocolNames.HTTP_2,
                        ApplicationProtocolNames.HTTP_1_1))
                .build();
        new ServerBootstrap()
                .group(loop)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(tls.newHandler(channel.alloc()), new Negotiated());
                    }
                })
                .bind(InetAddress.getLoopbackAddress(), port)
                .syncUninterruptibly();
    }

    @Override
    public void close() {
        loop.shutdownGracefully();
    }

    /** By what client and server have agreed on. */
    private final class Negotiated extends ApplicationProtocolNegotiationHandler {
        Negotiated() {
            super(ApplicationProtocolNames.HTTP_1_1);
        }

        @Override
        protected void configurePipeline(ChannelHandlerContext context, String protocol) {
            if (protocol.equals(ApplicationProtocolNames.HTTP_2)) {
                context.pipeline()
                        .addLast(
                                Http2FrameCodecBuilder.forServer().build(),
                                new Http2MultiplexHandler(new ChannelInitializer<>() {
                                    @Override
                                    protected void initChannel(Channel stream) {
                                        stream.pipeline()
                                                .addLast(
                                                        new Http2StreamFrameToHttpObjectCodec(true),
                                                        new HttpObjectAggregator(LARGEST),
                                                        new Requests());
                                    }
                                }));
            } else {
                context.pipeline().addLast(new HttpServerCodec(), new HttpObjectAggregator(LARGEST), new Requests());
            }
        }
    }

    private final class Requests extends SimpleChannelInboundHandler<Object> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, Object message) {
            if (message instanceof FullHttpRequest request) {
                if (request.headers().contains(HttpHeaderNames.UPGRADE)) {
                    watch(context, request);
                } else {
                    answer(context, request);
                }
            } else if (message instanceof CloseWebSocketFrame) {
                context.close();
            }
        }

        private void answer(ChannelHandlerContext context, FullHttpRequest request) {
            var uri = new QueryStringDecoder(request.uri());
            String field = first(uri, "fieldSelector").replace("metadata.name=", "");
            PretendApi.Answer answer =
                    api.answer(request.method().name(), uri.path(), field, ByteBufUtil.getBytes(request.content()));
            var response = new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1,
                    HttpResponseStatus.valueOf(answer.status()),
                    Unpooled.copiedBuffer(answer.body(), StandardCharsets.UTF_8));
            response.headers()
                    .set(HttpHeaderNames.CONTENT_TYPE, "application/json")
                    .setInt(HttpHeaderNames.CONTENT_LENGTH, response.content().readableBytes());
            context.writeAndFlush(response);
        }

        private void watch(ChannelHandlerContext context, FullHttpRequest request) {
            var uri = new QueryStringDecoder(request.uri());
            String plural = PretendApi.Target.of(uri.path()).plural();
            long since = Long.parseLong("0" + first(uri, "resourceVersion"));
            Channel channel = context.channel();
            new WebSocketServerHandshakerFactory(request.uri(), null, false)
                    .newHandshaker(request)
                    .handshake(channel, request)
                    .addListener((ChannelFutureListener) done -> objects.watch(
                            plural, since, event -> channel.writeAndFlush(new TextWebSocketFrame(event))));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            LOG.warn("pretended API server", cause); // The client comes again, or its training fails.
            context.close();
        }
    }

    private static String first(QueryStringDecoder uri, String name) {
        return uri.parameters().getOrDefault(name, List.of("")).get(0);
    }
}
