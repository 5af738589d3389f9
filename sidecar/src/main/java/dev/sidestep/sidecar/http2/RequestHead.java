package dev.sidestep.sidecar.http2;

import dev.sidestep.sidecar.loop.Authority;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import org.jspecify.annotations.Nullable;

/**
 * What a request's head says to us. The codec has already refused what RFC 9113 §8.2 and §8.3 call malformed.
 *
 * @param authority {@code :authority}, or {@code host} without one; null if there is neither
 * @param ambiguous whether {@code host} names another place than {@code :authority}, or two
 * @param idempotent GET, HEAD or OPTIONS
 * @param head whether the response has no body
 * @param connect whether a tunnel is asked for
 * @param grpc whether errors are told the way of gRPC
 * @param wantsEndpoint whether the response is to name the endpoint
 */
record RequestHead(
        @Nullable CharSequence authority,
        boolean ambiguous,
        boolean idempotent,
        boolean head,
        boolean connect,
        boolean grpc,
        boolean wantsEndpoint) {

    /** Asked for by a request that carries it, whatever its value; answered with {@code address:port}. */
    static final AsciiString ENDPOINT = AsciiString.cached("x-sidestep-endpoint");

    private static final AsciiString GRPC = AsciiString.cached("application/grpc");

    static RequestHead of(Http2Headers headers) {
        CharSequence method = headers.method();
        boolean head = AsciiString.contentEquals("HEAD", method);
        boolean idempotent =
                head || AsciiString.contentEquals("GET", method) || AsciiString.contentEquals("OPTIONS", method);
        CharSequence type = headers.get(HttpHeaderNames.CONTENT_TYPE);
        CharSequence authority = headers.authority();
        boolean ambiguous = false;
        if (headers.contains(HttpHeaderNames.HOST)) {
            for (CharSequence host : headers.getAll(HttpHeaderNames.HOST)) {
                if (authority == null) {
                    authority = host;
                }
                // Two readings of one request (RFC 9113 §8.3.1).
                ambiguous |= !AsciiString.contentEqualsIgnoreCase(host, authority);
            }
        }
        return new RequestHead(
                authority,
                ambiguous,
                idempotent,
                head,
                AsciiString.contentEquals("CONNECT", method),
                type != null && AsciiString.indexOfIgnoreCaseAscii(type, GRPC, 0) == 0,
                headers.contains(ENDPOINT));
    }

    /** {@code authority} as host and port, 80 if it has none; null if it is not one (RFC 9113 §8.3.1). */
    static @Nullable Authority parse(CharSequence authority) {
        String text = authority.toString();
        Authority parsed = Authority.parse(text, 80);
        return parsed != null && parsed.host().chars().allMatch(RequestHead::inHost) ? parsed : null;
    }

    /** Neither user information, nor a path, nor a space. */
    private static boolean inHost(int c) {
        return c > ' ' && c < 127 && "/?#@\\[]<>^`{|}\"%".indexOf(c) < 0;
    }
}
