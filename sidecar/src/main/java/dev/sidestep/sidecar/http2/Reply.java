package dev.sidestep.sidecar.http2;

import dev.sidestep.balancing.Reason;
import dev.sidestep.sidecar.loop.Failure;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Our own answers to a call that failed: to gRPC in its own way, else as HTTP. */
final class Reply {
    static final AsciiString REASON = AsciiString.cached(Failure.HEADER);
    static final AsciiString GRPC_STATUS = AsciiString.cached("grpc-status");
    private static final AsciiString GRPC_MESSAGE = AsciiString.cached("grpc-message");

    private Reply() {}

    /** Answers on {@code to}, which has had no response yet, and ends its response. */
    static void send(StreamPort to, RequestHead request, Failure failure) {
        if (request.grpc()) {
            // Trailers-only: the one HEADERS frame that is both (gRPC over HTTP/2, "Responses").
            Http2Headers headers =
                    trailers(failure).status("200").set(HttpHeaderNames.CONTENT_TYPE, "application/grpc");
            to.headers(headers, true);
            return;
        }
        ByteBuf line = ByteBufUtil.writeUtf8(to.allocator(), failure.line() + "\n");
        Http2Headers headers = new DefaultHttp2Headers()
                .status(Integer.toString(failure.reason().httpStatus()))
                .set(REASON, failure.reason().name())
                .set(HttpHeaderNames.CONTENT_TYPE, "text/plain; charset=utf-8")
                .setInt(HttpHeaderNames.CONTENT_LENGTH, line.readableBytes());
        to.headers(headers, request.head());
        if (request.head()) {
            line.release();
        } else {
            to.data(line, true);
        }
    }

    /** The status that {@code request} sees in the metrics. */
    static int status(RequestHead request, Reason reason) {
        return request.grpc() ? 200 : reason.httpStatus();
    }

    /** How a gRPC response ends whose endpoint was lost under way: as a client of the endpoint itself would see it. */
    static Http2Headers trailers(Failure failure) {
        return new DefaultHttp2Headers()
                .setInt(GRPC_STATUS, failure.reason().grpcStatus())
                .set(GRPC_MESSAGE, percentEncoded(failure.line()))
                .set(REASON, failure.reason().name());
    }

    /** As {@code grpc-message} is written: printable ASCII without the per cent sign stays. */
    static String percentEncoded(String text) {
        var encoded = new StringBuilder(text.length());
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            if (b >= ' ' && b <= '~' && b != '%') {
                encoded.append((char) b);
            } else {
                encoded.append(String.format(Locale.ROOT, "%%%02X", b & 0xff));
            }
        }
        return encoded.toString();
    }
}
