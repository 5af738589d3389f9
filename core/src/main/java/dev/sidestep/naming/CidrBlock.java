package dev.sidestep.naming;

import java.net.InetAddress;
import java.util.Optional;

/**
 * A block of addresses, {@code 10.96.0.0/12}.
 *
 * @param network its first address, 4 or 16 bytes
 * @param prefix how many leading bits count
 */
public record CidrBlock(InetAddress network, int prefix) {
    /** The block that {@code text} writes; empty if it writes none. A bare address is a block of one. */
    public static Optional<CidrBlock> parse(String text) {
        int slash = text.indexOf('/');
        String address = slash < 0 ? text : text.substring(0, slash);
        return AddressLiteral.parse(address).flatMap(network -> {
            int bits = network.getAddress().length * 8;
            if (slash < 0) {
                return Optional.of(new CidrBlock(network, bits));
            }
            String prefix = text.substring(slash + 1);
            if (prefix.isEmpty()
                    || prefix.length() > 3
                    || !prefix.chars().allMatch(c -> c >= '0' && c <= '9')
                    || Integer.parseInt(prefix) > bits) {
                return Optional.empty();
            }
            return Optional.of(new CidrBlock(network, Integer.parseInt(prefix)));
        });
    }

    /** Whether {@code address} is in it; one of the other family never is. */
    public boolean contains(InetAddress address) {
        byte[] a = address.getAddress();
        byte[] b = network.getAddress();
        if (a.length != b.length) {
            return false;
        }
        for (int bit = 0; bit < prefix; bit += 8) {
            int mask = prefix - bit >= 8 ? 0xff : 0xff << (8 - (prefix - bit)) & 0xff;
            if (((a[bit / 8] ^ b[bit / 8]) & mask) != 0) {
                return false;
            }
        }
        return true;
    }
}
