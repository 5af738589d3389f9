package dev.sidestep.demo;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.HashSet;
import java.util.Set;

/**
 * Free ports of 127.0.0.1, each given once. They lie below the range that systems take outgoing ports from, so that a
 * pod that starts again finds its own port free.
 */
final class Ports {
    private final Set<Integer> given = new HashSet<>();

    /** {@code wanted}, or the next free one after it. */
    int next(int wanted) throws DemoException {
        for (int port = wanted; port < wanted + 1000; port++) {
            if (!given.contains(port) && isFree(port)) {
                given.add(port);
                return port;
            }
        }
        throw new DemoException("no free port between " + wanted + " and " + (wanted + 999) + " on 127.0.0.1");
    }

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
