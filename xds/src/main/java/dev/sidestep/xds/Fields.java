package dev.sidestep.xds;

import java.time.Duration;

/** Checks the fields of one resource; what is wrong is named with resource and field. */
record Fields(String resource) {
    /** The longest name in DNS, and longer than any that Kubernetes allows. */
    private static final int MAX_NAME_CHARS = 253;

    /** Longer ones are mistakes, and would not fit into nanoseconds in the end. */
    private static final Duration MAX_DURATION = Duration.ofDays(365);

    InvalidResourceException invalid(String field, String reason) {
        return new InvalidResourceException(resource, field, reason);
    }

    InvalidResourceException invalid(String field, String value, String expected) {
        return invalid(field, "\"" + InvalidResourceException.shown(value) + "\" (expected: " + expected + ")");
    }

    InvalidResourceException invalid(String field, long value, String expected) {
        return invalid(field, value + " (expected: " + expected + ")");
    }

    /** A name that may show up in headers, metrics and logs as it is. */
    String name(String field, String value) throws InvalidResourceException {
        boolean printable = value.chars().allMatch(c -> c > ' ' && c <= '~');
        if (!printable || value.length() > MAX_NAME_CHARS) {
            throw invalid(field, value, "at most " + MAX_NAME_CHARS + " printable characters without blanks");
        }
        return value;
    }

    String nonEmptyName(String field, String value) throws InvalidResourceException {
        if (value.isEmpty()) {
            throw invalid(field, value, "a name");
        }
        return name(field, value);
    }

    int port(String field, int unsigned) throws InvalidResourceException {
        if (unsigned < 1 || unsigned > 65535) {
            throw invalid(field, Integer.toUnsignedLong(unsigned), "1 to 65535");
        }
        return unsigned;
    }

    int atLeast(int min, String field, int unsigned) throws InvalidResourceException {
        if (unsigned < min) { // Above 2^31 - 1 it shows as negative here.
            throw invalid(field, Integer.toUnsignedLong(unsigned), min + " to 2147483647");
        }
        return unsigned;
    }

    int percent(String field, int unsigned) throws InvalidResourceException {
        if (unsigned < 0 || unsigned > 100) {
            throw invalid(field, Integer.toUnsignedLong(unsigned), "0 to 100");
        }
        return unsigned;
    }

    Duration duration(String field, com.google.protobuf.Duration value) throws InvalidResourceException {
        if (value.getSeconds() < 0
                || value.getSeconds() > MAX_DURATION.toSeconds()
                || value.getNanos() < 0
                || value.getNanos() >= 1_000_000_000) {
            throw invalid(
                    field,
                    value.getSeconds() + " s " + value.getNanos() + " ns (expected: 0 to " + MAX_DURATION.toSeconds()
                            + " s)");
        }
        return Duration.ofSeconds(value.getSeconds(), value.getNanos());
    }

    Duration positiveDuration(String field, com.google.protobuf.Duration value) throws InvalidResourceException {
        Duration duration = duration(field, value);
        if (duration.isZero()) {
            throw invalid(field, "0 s (expected: more than none)");
        }
        return duration;
    }

    /** {@code address:port}, IPv6 in brackets. */
    String hostPort(String field, String value) throws InvalidResourceException {
        int colon = value.lastIndexOf(':');
        boolean bracketed = value.startsWith("[") && colon > 0 && value.charAt(colon - 1) == ']';
        boolean valid = colon > 0 && isPort(value.substring(colon + 1)) && (bracketed || value.indexOf(':') == colon);
        if (!valid) {
            throw invalid(field, value, "address:port");
        }
        return name(field, value);
    }

    /** {@code address/bits}. */
    String range(String field, String value) throws InvalidResourceException {
        int slash = value.indexOf('/');
        if (slash > 0 && value.length() - slash <= 4) {
            try {
                int bits = Integer.parseInt(value.substring(slash + 1));
                if (bits >= 0 && bits <= 8 * IpLiteral.parse(value.substring(0, slash)).length) {
                    return value;
                }
            } catch (IllegalArgumentException notARange) {
                // Said below.
            }
        }
        throw invalid(field, value, "address/bits");
    }

    private static boolean isPort(String digits) {
        if (digits.isEmpty() || digits.length() > 5 || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return false;
        }
        int port = Integer.parseInt(digits);
        return port >= 1 && port <= 65535;
    }
}
