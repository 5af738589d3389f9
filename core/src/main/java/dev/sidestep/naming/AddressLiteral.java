package dev.sidestep.naming;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/** Reads address literals, and only those: nothing here ever asks a resolver. */
public final class AddressLiteral {
    private AddressLiteral() {}

    /**
     * The address that {@code text} writes: four decimal numbers, or IPv6 with or without brackets. Empty for anything else,
     * also for the forms of {@code inet_aton} ({@code 127.1}, octal) that servers and clients read differently, and for
     * addresses with a zone.
     */
    public static Optional<InetAddress> parse(String text) {
        String bare = text.startsWith("[") && text.endsWith("]") ? text.substring(1, text.length() - 1) : text;
        if (bare.indexOf(':') >= 0) {
            return bare.chars().allMatch(AddressLiteral::inIpv6) ? resolved(bare) : Optional.empty();
        }
        String[] parts = bare.split("\\.", -1);
        if (parts.length != 4) {
            return Optional.empty();
        }
        var bytes = new byte[4];
        for (int i = 0; i < 4; i++) {
            String part = parts[i];
            if (part.isEmpty()
                    || part.length() > 3
                    || !part.chars().allMatch(c -> c >= '0' && c <= '9')
                    || (part.length() > 1 && part.charAt(0) == '0')
                    || Integer.parseInt(part) > 255) {
                return Optional.empty();
            }
            bytes[i] = (byte) Integer.parseInt(part);
        }
        try {
            return Optional.of(InetAddress.getByAddress(bytes));
        } catch (UnknownHostException e) {
            throw new AssertionError("four bytes are an address", e);
        }
    }

    /** {@code address:port} as names on the wire have it: the JDK's canonical text, IPv6 in brackets. */
    public static String hostPort(InetAddress address, int port) {
        String text = address.getHostAddress();
        return text.indexOf(':') < 0 ? text + ":" + port : "[" + text + "]:" + port;
    }

    private static boolean inIpv6(int c) {
        return c == ':' || c == '.' || Character.digit(c, 16) >= 0;
    }

    private static Optional<InetAddress> resolved(String ipv6) {
        try {
            return Optional.of(InetAddress.getByName("[" + ipv6 + "]")); // In brackets it is a literal or an error.
        } catch (UnknownHostException notAnAddress) {
            return Optional.empty();
        }
    }
}
