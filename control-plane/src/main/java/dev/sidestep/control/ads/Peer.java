package dev.sidestep.control.ads;

import dev.sidestep.control.auth.Caller;
import java.util.Optional;

/**
 * The other end of a stream.
 *
 * @param address where it is, {@code host:port}
 * @param caller who it is, if somebody vouches for it; empty on the plaintext port
 */
record Peer(String address, Optional<Caller> caller) {
    static Peer at(String address) {
        return new Peer(address, Optional.empty());
    }

    /** Whose share of the limits it uses; "" if nobody's: this machine is not limited. */
    String client() {
        if (caller.isPresent()) {
            return caller.get().toString();
        }
        String host = address.substring(0, Math.max(0, address.lastIndexOf(':')));
        boolean loopback =
                host.startsWith("127.") || host.equals("0:0:0:0:0:0:0:1") || host.equals("[0:0:0:0:0:0:0:1]");
        return loopback ? "" : host;
    }

    @Override
    public String toString() {
        return caller.map(known -> known + " at " + address).orElse(address);
    }
}
