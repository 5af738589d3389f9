package dev.sidestep.sidecar.loop;

import org.jspecify.annotations.Nullable;

/**
 * A host and port as a request names them (RFC 3986 section 3.2, without user information).
 *
 * @param host without the brackets of an IPv6 address; not empty
 * @param port 1 to 65535
 */
public record Authority(String host, int port) {
    /** The authority that {@code text} is; null if it is none. An empty port is {@code defaultPort}. */
    public static @Nullable Authority parse(String text, int defaultPort) {
        int hostEnd;
        String host;
        if (text.startsWith("[")) {
            hostEnd = text.indexOf(']') + 1;
            if (hostEnd == 0) {
                return null;
            }
            host = text.substring(1, hostEnd - 1);
        } else {
            int colon = text.indexOf(':');
            hostEnd = colon < 0 ? text.length() : colon;
            host = text.substring(0, hostEnd);
        }
        boolean bracketInside = host.indexOf('[') >= 0 || host.indexOf(']') >= 0;
        if (host.isEmpty() || bracketInside || (hostEnd < text.length() && text.charAt(hostEnd) != ':')) {
            return null;
        }
        int port = hostEnd + 1 >= text.length() ? defaultPort : port(text, hostEnd + 1);
        return port < 1 ? null : new Authority(host, port);
    }

    private static int port(String text, int from) {
        int port = 0;
        for (int i = from; i < text.length(); i++) {
            int digit = text.charAt(i) - '0';
            port = port * 10 + digit;
            if (digit < 0 || digit > 9 || port > 65535) {
                return -1;
            }
        }
        return port;
    }
}
