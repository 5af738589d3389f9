package dev.sidestep.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;

/** TCP ports of 127.0.0.1 that nobody listens on. */
public final class FreePorts {
    private FreePorts() {}

    /** A port for a process that cannot be told to bind 0. The kernel hands it to nobody else for a while. */
    public static int next() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException("no free port on 127.0.0.1", e);
        }
    }
}
