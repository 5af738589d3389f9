package dev.sidestep.sidecar.admin;

import dev.sidestep.sidecar.loop.Transport;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.timeout.ReadTimeoutHandler;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A few pages over HTTP. Off the data path, so Netty's own codec serves it. */
public final class AdminServer {
    private static final Logger LOG = LoggerFactory.getLogger(AdminServer.class);
    private static final int MAX_REQUEST_BYTES = 16 << 10;
    private static final int IDLE_SECONDS = 60;

    private final Map<String, Function<Query, CompletableFuture<Page>>> pages = new TreeMap<>();

    /** One answer. */
    public record Page(int status, String type, String body) {
        public static Page text(int status, String body) {
            return new Page(status, "text/plain; charset=utf-8", body);
        }

        public static Page json(String body) {
            return new Page(200, "application/json", body);
        }
    }

    /** What was asked behind the question mark. */
    public record Query(Map<String, List<String>> parameters) {
        /** The first value of {@code name}, if it has one. */
        public Optional<String> get(String name) {
            return parameters.getOrDefault(name, List.of()).stream()
                    .filter(value -> !value.isEmpty())
                    .findFirst();
        }
    }

    /** Answers {@code GET path} with what {@code page} gives; before {@link #bind}. */
    public AdminServer page(String path, Function<Query, CompletableFuture<Page>> page) {
        pages.put(path, page);
        return this;
    }

    /** Listens. */
    public Channel bind(InetSocketAddress address, EventLoopGroup eventLoops, Transport transport) {
        return new ServerBootstrap()
                .group(eventLoops)
                .channel(transport.serverSocketChannel())
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel client) {
                        client.pipeline()
                                .addLast(
                                        new ReadTimeoutHandler(IDLE_SECONDS),
                                        new HttpServerCodec(),
                                        new HttpObjectAggregator(MAX_REQUEST_BYTES),
                                        new Requests());
                    }
                })
                .bind(address)
                .syncUninterruptibly()
                .channel();
    }

    private CompletableFuture<Page> answer(FullHttpRequest request) {
        var uri = new QueryStringDecoder(request.uri());
        Function<Query, CompletableFuture<Page>> page = pages.get(uri.path());
        if (page == null) {
            String known = String.join("\n", pages.keySet());
            return CompletableFuture.completedFuture(
                    Page.text(uri.path().equals("/") ? 200 : 404, "pages:\n" + known + "\n"));
        }
        if (!request.method().equals(HttpMethod.GET) && !request.method().equals(HttpMethod.HEAD)) {
            return CompletableFuture.completedFuture(Page.text(405, "only GET\n"));
        }
        return page.apply(new Query(uri.parameters()));
    }

    private final class Requests extends SimpleChannelInboundHandler<FullHttpRequest> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
            boolean keepAlive = HttpUtil.isKeepAlive(request);
            boolean head = request.method().equals(HttpMethod.HEAD);
            // Whoever waits for a late answer has nothing more to say; a client sends its next request after it.
            readTimeout(context, false);
            answer(request)
                    .whenComplete((page, failure) -> context.executor().execute(() -> {
                        if (failure != null) {
                            LOG.warn("admin page failed", failure);
                            write(context, Page.text(500, failure + "\n"), head, keepAlive);
                        } else {
                            write(context, page, head, keepAlive);
                        }
                    }));
        }

        private void write(ChannelHandlerContext context, Page page, boolean head, boolean keepAlive) {
            byte[] body = page.body().getBytes(StandardCharsets.UTF_8);
            var response = new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1,
                    HttpResponseStatus.valueOf(page.status()),
                    head ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(body));
            response.headers()
                    .set(HttpHeaderNames.CONTENT_TYPE, page.type())
                    .set(HttpHeaderNames.CONTENT_LENGTH, body.length);
            HttpUtil.setKeepAlive(response, keepAlive);
            readTimeout(context, true);
            var written = context.writeAndFlush(response);
            if (!keepAlive) {
                written.addListener(ChannelFutureListener.CLOSE);
            }
        }

        private void readTimeout(ChannelHandlerContext context, boolean wanted) {
            ReadTimeoutHandler there = context.pipeline().get(ReadTimeoutHandler.class);
            if (wanted && there == null) {
                context.pipeline().addFirst(new ReadTimeoutHandler(IDLE_SECONDS));
            } else if (!wanted && there != null) {
                context.pipeline().remove(there);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            LOG.debug("closing the connection from {}", context.channel().remoteAddress(), cause);
            context.close();
        }
    }
}
