package dev.sidestep.sidecar.http1;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/**
 * The head of one message: scanned in place, line by line, as its bytes arrive, then written out again without the lines
 * that concern one connection only (RFC 9110 section 7.6.1). Holds positions in the scanned array, not objects. Reused
 * from message to message; confined to its connection's event loop.
 */
abstract class Head {
    /** What a scan has found. */
    enum Scan {
        MORE,
        COMPLETE,
        MALFORMED,
        TOO_LARGE
    }

    private static final byte[] CONNECTION = Bytes.ascii("connection");
    private static final byte[] CONTENT_LENGTH = Bytes.ascii("content-length");
    private static final byte[] TRANSFER_ENCODING = Bytes.ascii("transfer-encoding");
    private static final byte[] KEEP_ALIVE = Bytes.ascii("keep-alive");
    private static final byte[] PROXY_CONNECTION = Bytes.ascii("proxy-connection");
    private static final byte[] UPGRADE = Bytes.ascii("upgrade");
    private static final byte[] TE = Bytes.ascii("te");
    private static final byte[] HOST = Bytes.ascii("host");
    private static final byte[] CLOSE = Bytes.ascii("close");
    private static final byte[] CHUNKED = Bytes.ascii("chunked");

    /** More digits than any length has; 18 nines fit into a long. */
    private static final int MAX_LENGTH_DIGITS = 18;

    private static final int MAX_NOMINATED = 16;

    byte[] bytes = {};
    /** Where the start line begins, behind empty lines. */
    int start;
    /** Behind the empty line that ends the head. */
    int end;

    private int line;
    private int seen;
    private boolean startLineScanned;

    private int[] cuts = new int[16];
    private int cutCount;
    private int[] nominated = new int[4];
    private int nominatedCount;

    /** 0 or 1, of HTTP/1.0 or 1.1. */
    int minor;

    boolean close;
    boolean keepAlive;
    boolean connectionUpgrade;
    boolean chunked;
    /** The Content-Length, or -1. */
    long length;

    private int lengthLine;
    private int lengthLineEnd;

    /** The Upgrade header's value; {@code upgradeFrom} is -1 without one. */
    int upgradeFrom;

    int upgradeTo;

    /** Begins a new head. */
    void reset() {
        start = 0;
        end = 0;
        line = 0;
        seen = 0;
        startLineScanned = false;
        cutCount = 0;
        nominatedCount = 0;
        minor = 1;
        close = false;
        keepAlive = false;
        connectionUpgrade = false;
        chunked = false;
        length = -1;
        upgradeFrom = -1;
        upgradeTo = -1;
    }

    /**
     * Scans on; each call after {@link #reset} sees all bytes so far. How the bytes were split into calls does not
     * change the result.
     *
     * @param bytes the head from index 0, perhaps with more behind it
     * @param count how many of them there are
     * @param limit the longest head allowed
     */
    final Scan scan(byte[] bytes, int count, int limit) {
        this.bytes = bytes;
        int to = Math.min(count, limit);
        while (true) {
            int lf = indexOfLf(Math.max(seen, line), to);
            if (lf < 0) {
                seen = to;
                return count >= limit ? Scan.TOO_LARGE : Scan.MORE;
            }
            // A CR elsewhere in the line falls out of every grammar below.
            if (lf == line || bytes[lf - 1] != '\r') {
                return Scan.MALFORMED;
            }
            int lineEnd = lf - 1;
            boolean good;
            if (!startLineScanned) {
                if (lineEnd == line) {
                    start = lf + 1; // RFC 9112 section 2.2: an empty line before the start line is passed over.
                    good = true;
                } else {
                    startLineScanned = true;
                    good = startLine(line, lineEnd);
                }
            } else if (lineEnd == line) {
                end = lf + 1;
                return finish() ? Scan.COMPLETE : Scan.MALFORMED;
            } else {
                good = headerLine(line, lineEnd);
            }
            if (!good) {
                return Scan.MALFORMED;
            }
            line = lf + 1;
        }
    }

    private int indexOfLf(int from, int to) {
        byte[] array = bytes;
        for (int i = from; i < to; i++) {
            if (array[i] == '\n') {
                return i;
            }
        }
        return -1;
    }

    /** Scans the start line in {@code [from, to)}; false if it is malformed. */
    abstract boolean startLine(int from, int to);

    /**
     * Looks at a header that only this kind of head has.
     *
     * @return whether it is well-formed, which a header of no interest is
     */
    abstract boolean header(int from, int nameEnd, int valueFrom, int valueTo, int lineEnd);

    /** Judges the whole head; false if it is malformed. */
    abstract boolean complete();

    private boolean headerLine(int from, int to) {
        byte[] array = bytes;
        int nameEnd = from;
        while (nameEnd < to && Bytes.isToken(array[nameEnd])) {
            nameEnd++;
        }
        // Not a token first: an obs-fold or an empty name. A blank before the colon ends the token too.
        if (nameEnd == from || nameEnd == to || array[nameEnd] != ':') {
            return false;
        }
        int valueFrom = nameEnd + 1;
        for (int i = valueFrom; i < to; i++) {
            if (!Bytes.isValue(array[i])) {
                return false;
            }
        }
        int valueTo = to;
        while (valueFrom < valueTo && isBlank(array[valueFrom])) {
            valueFrom++;
        }
        while (valueTo > valueFrom && isBlank(array[valueTo - 1])) {
            valueTo--;
        }
        return known(from, nameEnd, valueFrom, valueTo, to + 2);
    }

    private boolean known(int from, int nameEnd, int valueFrom, int valueTo, int lineEnd) {
        switch (nameEnd - from) {
            case 2 -> {
                if (is(from, nameEnd, TE)) {
                    cut(from, lineEnd);
                    return header(from, nameEnd, valueFrom, valueTo, lineEnd);
                }
            }
            case 7 -> {
                if (is(from, nameEnd, UPGRADE)) {
                    cut(from, lineEnd);
                    upgradeTo = upgradeFrom < 0 ? valueTo : 0; // Two of them: none is honoured.
                    upgradeFrom = valueFrom;
                    return true;
                }
            }
            case 10 -> {
                if (is(from, nameEnd, CONNECTION)) {
                    cut(from, lineEnd);
                    return connection(valueFrom, valueTo);
                }
                if (is(from, nameEnd, KEEP_ALIVE)) {
                    cut(from, lineEnd);
                    return true;
                }
            }
            case 14 -> {
                if (is(from, nameEnd, CONTENT_LENGTH)) {
                    return contentLength(from, valueFrom, valueTo, lineEnd);
                }
            }
            case 16 -> {
                if (is(from, nameEnd, PROXY_CONNECTION)) {
                    cut(from, lineEnd);
                    return true;
                }
            }
            case 17 -> {
                if (is(from, nameEnd, TRANSFER_ENCODING)) {
                    // Any other coding, and chunked twice, is for the reader behind us to read differently.
                    boolean first = !chunked;
                    chunked = true;
                    return first && is(valueFrom, valueTo, CHUNKED);
                }
            }
            default -> {
                // Of no interest by its length.
            }
        }
        return header(from, nameEnd, valueFrom, valueTo, lineEnd);
    }

    private boolean contentLength(int from, int valueFrom, int valueTo, int lineEnd) {
        int digits = valueTo - valueFrom;
        if (digits < 1 || digits > MAX_LENGTH_DIGITS) {
            return false;
        }
        long value = 0;
        for (int i = valueFrom; i < valueTo; i++) {
            if (!Bytes.isDigit(bytes[i])) {
                return false;
            }
            value = value * 10 + bytes[i] - '0';
        }
        if (length >= 0) {
            cut(from, lineEnd);
            return value == length;
        }
        length = value;
        lengthLine = from;
        lengthLineEnd = lineEnd;
        return true;
    }

    private boolean connection(int from, int to) {
        int token = from;
        while (token < to) {
            int tokenEnd = token;
            while (tokenEnd < to && bytes[tokenEnd] != ',') {
                tokenEnd++;
            }
            int first = token;
            int last = tokenEnd;
            while (first < last && isBlank(bytes[first])) {
                first++;
            }
            while (last > first && isBlank(bytes[last - 1])) {
                last--;
            }
            if (is(first, last, CLOSE)) {
                close = true;
            } else if (is(first, last, KEEP_ALIVE)) {
                keepAlive = true;
            } else if (is(first, last, UPGRADE)) {
                connectionUpgrade = true;
            } else if (first < last && !nominate(first, last)) {
                return false;
            }
            token = tokenEnd + 1;
        }
        return true;
    }

    private boolean nominate(int from, int to) {
        if (nominatedCount == 2 * MAX_NOMINATED) {
            return false;
        }
        if (nominatedCount == nominated.length) {
            nominated = Arrays.copyOf(nominated, nominatedCount * 2);
        }
        nominated[nominatedCount++] = from;
        nominated[nominatedCount++] = to;
        // Removed on the way, these would change where the message ends or where it goes.
        return !is(from, to, CONTENT_LENGTH) && !is(from, to, TRANSFER_ENCODING) && !is(from, to, HOST);
    }

    private boolean finish() {
        if (nominatedCount > 0) {
            cutNominated();
        }
        return complete();
    }

    private void cutNominated() {
        int from = start;
        while (from < end) {
            int lineEnd = indexOfLf(from, end) + 1;
            int colon = from;
            while (colon < lineEnd && bytes[colon] != ':') {
                colon++;
            }
            for (int i = 0; from > start && i < nominatedCount; i += 2) {
                if (equalNames(from, colon, nominated[i], nominated[i + 1])) {
                    cut(from, lineEnd);
                    break;
                }
            }
            from = lineEnd;
        }
    }

    private boolean equalNames(int from, int to, int otherFrom, int otherTo) {
        if (to - from != otherTo - otherFrom) {
            return false;
        }
        for (int i = 0; i < to - from; i++) {
            if (lower(bytes[from + i]) != lower(bytes[otherFrom + i])) {
                return false;
            }
        }
        return true;
    }

    private static int lower(byte b) {
        return b >= 'A' && b <= 'Z' ? b | 0x20 : b;
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t';
    }

    final boolean is(int from, int to, byte[] lowerCase) {
        return Bytes.equalsIgnoringCase(bytes, from, to, lowerCase);
    }

    /** Leaves {@code [from, to)} out of what is written; cutting it again changes nothing. */
    final void cut(int from, int to) {
        int at = cutCount;
        while (at > 0 && cuts[at - 2] >= from) {
            at -= 2;
        }
        if (at < cutCount && cuts[at] == from) {
            return;
        }
        if (cutCount == cuts.length) {
            cuts = Arrays.copyOf(cuts, cutCount * 2);
        }
        System.arraycopy(cuts, at, cuts, at + 2, cutCount - at);
        cuts[at] = from;
        cuts[at + 1] = to;
        cutCount += 2;
    }

    /** Leaves the Content-Length out of what is written. */
    final void cutLength() {
        cut(lengthLine, lengthLineEnd);
    }

    /** Writes the header lines from {@code from} on, without the empty line, and without what was cut. */
    final void writeLines(int from, ByteBuf out) {
        int at = from;
        for (int i = 0; i < cutCount; i += 2) {
            if (cuts[i] >= at) {
                out.writeBytes(bytes, at, cuts[i] - at);
                at = cuts[i + 1];
            }
        }
        out.writeBytes(bytes, at, end - 2 - at);
    }
}
