package dev.sidestep.sidecar.http1;

import java.nio.charset.StandardCharsets;

/** What each byte may be part of (RFC 9110 section 5.6, RFC 9112 section 2), as one table look-up. */
final class Bytes {
    private static final int TOKEN = 1;
    private static final int VALUE = 2;
    private static final int TARGET = 4;
    private static final int AUTHORITY = 8;

    private static final byte[] CLASSES = classes();

    private Bytes() {}

    private static byte[] classes() {
        byte[] classes = new byte[256];
        for (int c = 0; c < 256; c++) {
            boolean alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
            if (alphanumeric || "!#$%&'*+-.^_`|~".indexOf(c) >= 0) {
                classes[c] |= TOKEN;
            }
            // obs-text stands in values and, against the grammar, in targets that real clients send; it splits nothing.
            if (c == '\t' || (c >= ' ' && c != 0x7f)) {
                classes[c] |= VALUE;
            }
            if (c > ' ' && c != 0x7f) {
                classes[c] |= TARGET;
            }
            // No sub-delims: no host has them, and some readers split at a comma or a semicolon.
            if (alphanumeric || "-._~:[]%".indexOf(c) >= 0) {
                classes[c] |= AUTHORITY;
            }
        }
        return classes;
    }

    static boolean isToken(byte b) {
        return (CLASSES[b & 0xff] & TOKEN) != 0;
    }

    static boolean isValue(byte b) {
        return (CLASSES[b & 0xff] & VALUE) != 0;
    }

    static boolean isTarget(byte b) {
        return (CLASSES[b & 0xff] & TARGET) != 0;
    }

    static boolean isAuthority(byte b) {
        return (CLASSES[b & 0xff] & AUTHORITY) != 0;
    }

    static boolean isDigit(byte b) {
        return b >= '0' && b <= '9';
    }

    /** The value of a hexadecimal digit, or -1. */
    static int hex(byte b) {
        if (b >= '0' && b <= '9') {
            return b - '0';
        }
        int lower = b | 0x20;
        return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Whether {@code bytes[from, to)} are {@code lowerCase}, but for the case of their letters. */
    static boolean equalsIgnoringCase(byte[] bytes, int from, int to, byte[] lowerCase) {
        if (to - from != lowerCase.length) {
            return false;
        }
        for (int i = 0; i < lowerCase.length; i++) {
            int b = bytes[from + i];
            if (b != lowerCase[i] && (b < 'A' || b > 'Z' || (b | 0x20) != lowerCase[i])) {
                return false;
            }
        }
        return true;
    }

    /** Whether {@code bytes} have exactly {@code expected} at {@code from}, before {@code to}. */
    static boolean startsWith(byte[] bytes, int from, int to, byte[] expected) {
        if (to - from < expected.length) {
            return false;
        }
        for (int i = 0; i < expected.length; i++) {
            if (bytes[from + i] != expected[i]) {
                return false;
            }
        }
        return true;
    }
}
