package dev.sidestep.xds;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Pattern;

/** IP addresses as text and as bytes; never asks DNS. */
final class IpLiteral {
    private static final Pattern V4 = Pattern.compile("\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}");

    /** Begins as {@link InetAddress#getByName} expects of a literal, else it would take it for a host's name. */
    private static final Pattern V6 = Pattern.compile("[0-9a-fA-F:][0-9a-fA-F:.]*:[0-9a-fA-F:.]*");

    private IpLiteral() {}

    /** Its 4 or 16 bytes; IPv4 mapped into IPv6 is IPv4. */
    static byte[] parse(String text) {
        if (text.length() <= 45
                && (V4.matcher(text).matches() || V6.matcher(text).matches())) {
            try {
                return InetAddress.getByName(text).getAddress();
            } catch (UnknownHostException notALiteral) {
                // Said below.
            }
        }
        throw new IllegalArgumentException("address: \"" + text + "\" (expected: an IP literal)");
    }

    /** The JDK's canonical text of 4 or 16 bytes. */
    static String text(byte[] address) {
        try {
            return InetAddress.getByAddress(address).getHostAddress();
        } catch (UnknownHostException wrongLength) {
            throw new IllegalArgumentException(
                    "address: " + address.length + " bytes (expected: 4 or 16)", wrongLength);
        }
    }
}
