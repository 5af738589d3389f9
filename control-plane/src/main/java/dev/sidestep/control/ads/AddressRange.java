package dev.sidestep.control.ads;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** A CIDR block, {@code 10.96.0.0/12}. */
record AddressRange(InetAddress network, int prefix) {
    /** @throws IllegalArgumentException if {@code text} is none */
    static AddressRange parse(String text) {
        int slash = text.indexOf('/');
        try {
            InetAddress network = literal(text.substring(0, Math.max(0, slash)));
            int prefix = Integer.parseInt(text.substring(slash + 1));
            if (prefix >= 0 && prefix <= network.getAddress().length * 8) {
                return new AddressRange(network, prefix);
            }
        } catch (UnknownHostException | NumberFormatException notARange) {
            // Reported below.
        }
        throw new IllegalArgumentException(
                "service range: \"" + text + "\" (expected: a CIDR block such as 10.96.0.0/12)");
    }

    boolean contains(String address) {
        byte[] bytes;
        try {
            bytes = literal(address).getAddress();
        } catch (UnknownHostException notAnAddress) {
            return false;
        }
        byte[] prefixed = network.getAddress();
        if (bytes.length != prefixed.length) {
            return false;
        }
        for (int bit = 0; bit < prefix; bit++) {
            int mask = 0x80 >> bit % 8;
            if ((bytes[bit / 8] & mask) != (prefixed[bit / 8] & mask)) {
                return false;
            }
        }
        return true;
    }

    private static InetAddress literal(String text) throws UnknownHostException {
        if (text.isEmpty() || !text.matches("[0-9a-fA-F:.]+")) {
            throw new UnknownHostException(text); // Never a name: that would be looked up.
        }
        return InetAddress.getByName(text.indexOf(':') < 0 ? text : "[" + text + "]");
    }
}
