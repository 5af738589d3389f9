package dev.sidestep.control;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Objects;

/** Starts a server on an address that the user has given by a flag. */
@FunctionalInterface
interface Listening<T> {
    T on(InetSocketAddress address) throws IOException;

    /**
     * Starts it.
     *
     * @throws IOException if the address cannot be listened on; the message is one line for the user, with the fix
     */
    static <T> T listen(String flag, InetSocketAddress address, Listening<T> listening) throws IOException {
        try {
            return listening.on(address);
        } catch (IOException e) {
            String reason = Objects.requireNonNullElse(
                    e.getCause() == null ? e.getMessage() : e.getCause().getMessage(), "unknown reason");
            throw new IOException(
                    flag + " " + text(address) + ": cannot listen there (" + reason + "); give another address or port",
                    e);
        }
    }

    /** As it is written in a URL. */
    static String text(InetSocketAddress address) {
        String host = address.getAddress().getHostAddress();
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + address.getPort();
    }
}
