package dev.sidestep.sidecar.http1;

import io.netty.buffer.ByteBuf;

/** The head of a response. */
final class ResponseHead extends Head {
    private static final byte[] VERSION = Bytes.ascii("HTTP/1.");
    private static final byte[] VERSION_1_1 = Bytes.ascii("HTTP/1.1");
    private static final byte[] CRLF = {'\r', '\n'};
    private static final byte[] UPGRADE_LINES = Bytes.ascii("Connection: Upgrade\r\nUpgrade: ");
    private static final byte[] CLOSE_LINE = Bytes.ascii("Connection: close\r\n");
    private static final byte[] KEEP_ALIVE_LINE = Bytes.ascii("Connection: keep-alive\r\n");
    private static final byte[] ENDPOINT = Bytes.ascii("x-sidestep-endpoint: ");

    private int lineEnd;

    int status;

    /** Whether it came with two framings: chunked holds, and the connection is not to be trusted with another. */
    private boolean twoFramings;

    @Override
    void reset() {
        super.reset();
        status = 0;
        twoFramings = false;
    }

    @Override
    boolean startLine(int from, int to) {
        // HTTP/1.x SP 3DIGIT, then the end or SP and a reason; some servers leave the blank before an empty reason out.
        int at = from + VERSION.length;
        if (to - from < VERSION.length + 5
                || !Bytes.startsWith(bytes, from, to, VERSION)
                || bytes[at + 1] != ' '
                || !Bytes.isDigit(bytes[at + 2])
                || !Bytes.isDigit(bytes[at + 3])
                || !Bytes.isDigit(bytes[at + 4])) {
            return false;
        }
        minor = bytes[at] - '0';
        status = (bytes[at + 2] - '0') * 100 + (bytes[at + 3] - '0') * 10 + bytes[at + 4] - '0';
        if (minor < 0 || minor > 1 || status < 100 || (at + 5 < to && bytes[at + 5] != ' ')) {
            return false;
        }
        for (int i = at + 5; i < to; i++) {
            if (!Bytes.isValue(bytes[i])) {
                return false;
            }
        }
        lineEnd = to + 2;
        return true;
    }

    @Override
    boolean header(int from, int nameEnd, int valueFrom, int valueTo, int lineEnd) {
        return true;
    }

    @Override
    boolean complete() {
        if (chunked && length >= 0) {
            // RFC 9112 section 6.3: chunked overrides, and the length must not be passed on.
            cutLength();
            length = -1;
            twoFramings = true;
        }
        return true;
    }

    boolean informational() {
        return status < 200;
    }

    /** Whether the connection can carry another exchange after this one, its body apart. */
    boolean persistent() {
        return !twoFramings && (minor == 1 ? !close : keepAlive && !close);
    }

    /** How the body ends (RFC 9112 section 6.3). */
    void body(boolean toHead, Body body) {
        if (toHead || status < 200 || status == 204 || status == 304) {
            body.none();
        } else if (chunked) {
            body.chunked();
        } else if (length >= 0) {
            body.length(length);
        } else {
            body.untilClose();
        }
    }

    /** Room that {@link #write} needs at most. */
    int writtenBytes() {
        return end - start + 160;
    }

    /**
     * Writes the head for the client's connection.
     *
     * @param clientMinor the client's HTTP/1 version
     * @param persistent whether the client's connection stays open after it
     * @param endpoint the endpoint to name, or ""
     */
    void write(int clientMinor, boolean persistent, String endpoint, ByteBuf out) {
        out.writeBytes(VERSION_1_1).writeBytes(bytes, start + VERSION_1_1.length, lineEnd - start - VERSION_1_1.length);
        writeLines(lineEnd, out);
        if (status == 101 || status == 426) {
            if (upgradeTo > upgradeFrom) {
                out.writeBytes(UPGRADE_LINES).writeBytes(bytes, upgradeFrom, upgradeTo - upgradeFrom);
                out.writeBytes(CRLF);
            }
        } else if (status >= 200) {
            if (!persistent) {
                out.writeBytes(CLOSE_LINE);
            } else if (clientMinor == 0) {
                out.writeBytes(KEEP_ALIVE_LINE);
            }
        }
        if (!endpoint.isEmpty() && status >= 200) {
            out.writeBytes(ENDPOINT);
            out.writeCharSequence(endpoint, java.nio.charset.StandardCharsets.US_ASCII);
            out.writeBytes(CRLF);
        }
        out.writeBytes(CRLF);
    }
}
