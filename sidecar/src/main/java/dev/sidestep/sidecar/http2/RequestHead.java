package dev.sidestep.sidecar.http2;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import java.util.Optional;
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

    /** {@code authority} as host and port, 80 if it has none; empty if it is not one. */
    static Optional<HostPort> parse(CharSequence authority) {
        String text = authority.toString();
        int colon = text.lastIndexOf(':');
        boolean literal = text.startsWith("[");
        if (literal ? colon < text.indexOf(']') : colon < 0) {
            colon = text.length();
        }
        String host = text.substring(0, colon);
        if (literal) {
            if (!host.endsWith("]")) {
                return Optional.empty();
            }
            host = host.substring(1, host.length() - 1);
        } else if (host.indexOf(':') >= 0) {
            return Optional.empty();
        }
        if (host.isEmpty() || !host.chars().allMatch(RequestHead::inHost)) {
            return Optional.empty(); // User info, a path, a space: not what RFC 9113 §8.3.1 allows.
        }
        if (colon >= text.length() - 1) {
            return Optional.of(new HostPort(host, 80));
        }
        String port = text.substring(colon + 1);
        if (port.length() > 5 || !port.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return Optional.empty();
        }
        int number = Integer.parseInt(port);
        return number >= 1 && number <= 65535 ? Optional.of(new HostPort(host, number)) : Optional.empty();
    }

    private static boolean inHost(int c) {
        return c > ' ' && c < 127 && "/?#@\\[]<>^`{|}\"%".indexOf(c) < 0;
    }

    /** @param host IPv6 without brackets */
    record HostPort(String host, int port) {}
}
