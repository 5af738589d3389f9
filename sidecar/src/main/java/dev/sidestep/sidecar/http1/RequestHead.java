package dev.sidestep.sidecar.http1;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/** The head of a request, and where it says that it goes. */
final class RequestHead extends Head {
    private static final byte[] GET = Bytes.ascii("GET");
    private static final byte[] HEAD = Bytes.ascii("HEAD");
    private static final byte[] OPTIONS = Bytes.ascii("OPTIONS");
    private static final byte[] CONNECT = Bytes.ascii("CONNECT");
    private static final byte[] VERSION = Bytes.ascii("HTTP/1.");
    private static final byte[] SCHEME = Bytes.ascii("http://");
    private static final byte[] HOST = Bytes.ascii("host");
    private static final byte[] TRAILERS = Bytes.ascii("trailers");
    private static final byte[] H2C = Bytes.ascii("h2c");
    private static final byte[] HTTP2_SETTINGS = Bytes.ascii("http2-settings");
    private static final byte[] ENDPOINT = Bytes.ascii("x-sidestep-endpoint");
    private static final byte[] ATTEMPT = Bytes.ascii("x-sidestep-attempt");
    private static final byte[] HOST_LINE = Bytes.ascii("Host: ");
    private static final byte[] CRLF = {'\r', '\n'};
    private static final byte[] UPGRADE_LINES = Bytes.ascii("Connection: Upgrade\r\nUpgrade: ");
    private static final byte[] TRAILERS_LINES = Bytes.ascii("Connection: TE\r\nTE: trailers\r\n");
    private static final byte[] CLOSE_LINE = Bytes.ascii("Connection: close\r\n");

    private int methodEnd;
    private int pathFrom;
    private int targetEnd;
    private int lineEnd;
    private boolean absolute;
    private int hostLines;
    private boolean trailersAccepted;

    /** GET, HEAD or OPTIONS: may be sent again even if the first was seen. */
    boolean safe;

    boolean isHead;
    boolean isConnect;
    /** Wants the endpoint's address in the response. */
    boolean wantsEndpoint;
    /** Asks for another protocol, which we pass on. */
    boolean upgrades;
    /** Another of us has counted its attempts already. */
    boolean hasAttempt;
    /** Where the authority that it goes to stands; empty without one. */
    int authorityFrom;

    int authorityTo;

    @Override
    void reset() {
        super.reset();
        absolute = false;
        hostLines = 0;
        trailersAccepted = false;
        safe = false;
        isHead = false;
        isConnect = false;
        wantsEndpoint = false;
        hasAttempt = false;
        upgrades = false;
        authorityFrom = 0;
        authorityTo = 0;
    }

    @Override
    boolean startLine(int from, int to) {
        int at = from;
        while (at < to && Bytes.isToken(bytes[at])) {
            at++;
        }
        if (at == from || at == to || bytes[at] != ' ') {
            return false;
        }
        methodEnd = at;
        method(from, at);
        int targetFrom = at + 1;
        at = targetFrom;
        while (at < to && Bytes.isTarget(bytes[at])) {
            at++;
        }
        targetEnd = at;
        lineEnd = to + 2;
        // " HTTP/1.x" and not a byte more.
        if (at == targetFrom
                || to - at != VERSION.length + 2
                || bytes[at] != ' '
                || !Bytes.startsWith(bytes, at + 1, to, VERSION)) {
            return false;
        }
        minor = bytes[to - 1] - '0';
        return (minor == 0 || minor == 1) && target(targetFrom, targetEnd);
    }

    private void method(int from, int to) {
        // Methods are case-sensitive (RFC 9110 section 9.1).
        int length = to - from;
        isHead = length == HEAD.length && Bytes.startsWith(bytes, from, to, HEAD);
        isConnect = length == CONNECT.length && Bytes.startsWith(bytes, from, to, CONNECT);
        safe = isHead
                || (length == GET.length && Bytes.startsWith(bytes, from, to, GET))
                || (length == OPTIONS.length && Bytes.startsWith(bytes, from, to, OPTIONS));
    }

    /** The four forms of RFC 9112 section 3.2. */
    private boolean target(int from, int to) {
        pathFrom = from;
        if (isConnect) {
            authorityFrom = from;
            authorityTo = to;
            return isAuthority(from, to);
        }
        if (bytes[from] == '/') {
            return true;
        }
        if (bytes[from] == '*') {
            return to - from == 1 && Bytes.startsWith(bytes, start, methodEnd, OPTIONS);
        }
        if (to - from <= SCHEME.length || !is(from, from + SCHEME.length, SCHEME)) {
            return false;
        }
        absolute = true;
        authorityFrom = from + SCHEME.length;
        int at = authorityFrom;
        while (at < to && Bytes.isAuthority(bytes[at])) {
            at++;
        }
        authorityTo = at;
        pathFrom = at;
        return at > authorityFrom && (at == to || bytes[at] == '/' || bytes[at] == '?');
    }

    private boolean isAuthority(int from, int to) {
        for (int i = from; i < to; i++) {
            if (!Bytes.isAuthority(bytes[i])) {
                return false;
            }
        }
        return true;
    }

    @Override
    boolean header(int from, int nameEnd, int valueFrom, int valueTo, int lineEnd) {
        switch (nameEnd - from) {
            case 2 -> trailersAccepted |= is(valueFrom, valueTo, TRAILERS); // The only one that comes here is TE.
            case 4 -> {
                if (is(from, nameEnd, HOST)) {
                    hostLines++;
                    if (absolute || isConnect) {
                        cut(from, lineEnd); // What the request line says wins (RFC 9112 section 3.2.2).
                    } else {
                        authorityFrom = valueFrom;
                        authorityTo = valueTo;
                    }
                    return isAuthority(valueFrom, valueTo);
                }
            }
            case 14 -> {
                if (is(from, nameEnd, HTTP2_SETTINGS)) {
                    cut(from, lineEnd);
                }
            }
            case 18 -> hasAttempt |= is(from, nameEnd, ATTEMPT);
            case 19 -> {
                if (is(from, nameEnd, ENDPOINT)) {
                    cut(from, lineEnd);
                    wantsEndpoint = true;
                }
            }
            default -> {
                // Of no interest by its length.
            }
        }
        return true;
    }

    @Override
    boolean complete() {
        if (hostLines > 1 || (hostLines == 0 && minor == 1)) {
            return false;
        }
        if (chunked && (length >= 0 || minor == 0)) {
            return false; // Two framings, or one that an HTTP/1.0 reader does not know.
        }
        // Asked again when these bytes may be gone.
        upgrades = connectionUpgrade
                && upgradeTo > upgradeFrom
                && !is(upgradeFrom, upgradeTo, H2C); // HTTP/2 from here on would end balancing by request.
        return !isConnect || (!chunked && length <= 0);
    }

    /** Whether a body may follow. */
    boolean hasBody() {
        return chunked || length > 0;
    }

    /** Whether the connection can take another request after this one. */
    boolean persistent() {
        return minor == 1 ? !close : keepAlive && !close;
    }

    /** The authority that it goes to, as text. */
    String authority() {
        return new String(bytes, authorityFrom, authorityTo - authorityFrom, StandardCharsets.US_ASCII);
    }

    /** Where the method begins and ends, for logs and tests. */
    String method() {
        return new String(bytes, start, methodEnd - start, StandardCharsets.US_ASCII);
    }

    /** Room that {@link #write} needs at most. */
    int writtenBytes() {
        return end - start + authorityTo - authorityFrom + 128;
    }

    /** Writes the head in origin-form, for a connection of our own. */
    void write(ByteBuf out) {
        out.writeBytes(bytes, start, methodEnd + 1 - start);
        if (absolute && (pathFrom == targetEnd || bytes[pathFrom] != '/')) {
            boolean asterisk = pathFrom == targetEnd && Bytes.startsWith(bytes, start, methodEnd, OPTIONS);
            out.writeByte(asterisk ? '*' : '/'); // RFC 9112 section 3.2.4
        }
        out.writeBytes(bytes, pathFrom, lineEnd - pathFrom);
        if (absolute) {
            out.writeBytes(HOST_LINE).writeBytes(bytes, authorityFrom, authorityTo - authorityFrom);
            out.writeBytes(CRLF);
        }
        writeLines(lineEnd, out);
        if (upgrades) {
            out.writeBytes(UPGRADE_LINES).writeBytes(bytes, upgradeFrom, upgradeTo - upgradeFrom);
            out.writeBytes(CRLF);
        } else if (trailersAccepted) {
            out.writeBytes(TRAILERS_LINES);
        } else if (minor == 0) {
            out.writeBytes(CLOSE_LINE); // Nobody can tell where a longer-lived one would end.
        }
        out.writeBytes(CRLF);
    }
}
