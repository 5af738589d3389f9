package dev.sidestep.examples.backend;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.SocketChannelConfig;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * One connection's requests, one after another: {@code /api} answers with the pod's name, {@code /ready} with 200,
 * {@code /faults} (POST sets one, DELETE heals) obeys even while the rest misbehaves. Confined to its event loop.
 */
@SuppressWarnings(
        "FutureReturnValueIgnored") // Of writes and closes: a connection that fails at them is closed, and that is all.
final class HttpApi extends SimpleChannelInboundHandler<FullHttpRequest> {
    private final Backend.Config config;
    private final Faults faults;
    private final AccessLog log;
    /** Pipelined requests: each waits for the answer to the one before it. */
    private final Queue<Asked> waiting = new ArrayDeque<>();

    private boolean busy;
    private boolean closing;

    HttpApi(Backend.Config config, Faults faults, AccessLog log) {
        this.config = config;
        this.faults = faults;
        this.log = log;
    }

    /** What is needed of a request, without its buffers. */
    private record Asked(HttpMethod method, String uri, boolean keepAlive, String userAgent, String attempt) {}

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
        var asked = new Asked(
                request.method(),
                request.uri(),
                HttpUtil.isKeepAlive(request),
                request.headers().get(HttpHeaderNames.USER_AGENT, "-"),
                request.headers().get("x-sidestep-attempt", "1"));
        if (busy) {
            waiting.add(asked);
        } else {
            take(ctx, asked);
        }
    }

    private void take(ChannelHandlerContext ctx, Asked asked) {
        busy = true;
        var url = new QueryStringDecoder(asked.uri());
        boolean keepAlive = asked.keepAlive();
        if (url.path().equals("/faults")) {
            control(ctx, asked.method(), url, keepAlive);
            return;
        }
        Fault fault = faults.at(url.path());
        log.arrived(
                url.path(),
                asked.userAgent(),
                asked.attempt(),
                ((InetSocketAddress) ctx.channel().remoteAddress()).getPort(),
                fault);
        switch (fault.kind()) {
            case NONE, LATENCY -> answerLater(ctx, url.path(), keepAlive, fault.delayMillis());
            case STATUS -> answer(ctx, HttpResponseStatus.valueOf(fault.status()), "failing, as told\n", keepAlive);
            case HANG -> faults.hold(() -> ctx.executor().execute(() -> serve(ctx, url.path(), keepAlive)));
            case RESET -> reset(ctx);
            case HALT -> Fault.halt();
        }
    }

    private void answerLater(ChannelHandlerContext ctx, String path, boolean keepAlive, long extraMillis) {
        // The probe path does no work, as is usual.
        long millis = extraMillis + (path.equals("/ready") ? 0 : config.workMillis());
        if (millis == 0) {
            serve(ctx, path, keepAlive);
        } else {
            ctx.executor().schedule(() -> serve(ctx, path, keepAlive), millis, TimeUnit.MILLISECONDS);
        }
    }

    private void serve(ChannelHandlerContext ctx, String path, boolean keepAlive) {
        switch (path) {
            case "/ready" -> answer(ctx, HttpResponseStatus.OK, "ready\n", keepAlive);
            case "/api" -> answer(ctx, HttpResponseStatus.OK, config.pod() + "\n", keepAlive);
            default -> {
                if (path.startsWith("/api/")) {
                    answer(ctx, HttpResponseStatus.OK, config.pod() + "\n", keepAlive);
                } else {
                    answer(ctx, HttpResponseStatus.NOT_FOUND, "no such path: " + path + "\n", keepAlive);
                }
            }
        }
    }

    private void control(ChannelHandlerContext ctx, HttpMethod method, QueryStringDecoder url, boolean alive) {
        try {
            if (method.equals(HttpMethod.DELETE)) {
                faults.heal();
            } else {
                faults.set(url.parameters().entrySet().stream()
                        .collect(Collectors.toMap(
                                Map.Entry::getKey, each -> each.getValue().get(0))));
            }
            answer(ctx, HttpResponseStatus.OK, "", alive);
        } catch (IllegalArgumentException e) {
            answer(ctx, HttpResponseStatus.BAD_REQUEST, e.getMessage() + "\n", alive);
        }
    }

    private void answer(ChannelHandlerContext ctx, HttpResponseStatus status, String text, boolean keepAlive) {
        ByteBuf body = text.isEmpty() ? Unpooled.EMPTY_BUFFER : ByteBufUtil.writeUtf8(ctx.alloc(), text);
        var response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, body);
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, "text/plain; charset=utf-8")
                .setInt(HttpHeaderNames.CONTENT_LENGTH, body.readableBytes())
                .set("pod", config.pod());
        boolean last = !keepAlive || closing;
        if (last) {
            response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        }
        var written = ctx.writeAndFlush(response);
        busy = false;
        Asked next = waiting.poll();
        if (last) {
            written.addListener(ChannelFutureListener.CLOSE);
        } else if (next != null) {
            take(ctx, next);
        }
    }

    /** Ends the connection as soon as no request is under way; the answer to that one says {@code close}. */
    void drain(ChannelHandlerContext ctx) {
        closing = true;
        if (!busy) {
            ctx.close();
        }
    }

    static void reset(ChannelHandlerContext ctx) {
        ((SocketChannelConfig) ctx.channel().config()).setSoLinger(0); // With nothing to linger for, close is a RST.
        ctx.close();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (!(cause instanceof IOException)) {
            log.say("http: " + cause);
        }
        ctx.close();
    }
}
