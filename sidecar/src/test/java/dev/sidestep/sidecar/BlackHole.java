package dev.sidestep.sidecar;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;

/** An address that answers no SYN: a listener that accepts nothing and whose queue is full. */
public final class BlackHole implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    private final List<Socket> queue = new ArrayList<>();

    public BlackHole() throws IOException {
        while (queue.size() < 10) {
            var socket = new Socket();
            queue.add(socket);
            try {
                socket.connect(address(), 200);
            } catch (SocketTimeoutException full) {
                return;
            }
        }
        throw new IOException("the kernel took 10 connections into a queue of one");
    }

    public InetSocketAddress address() {
        return (InetSocketAddress) listener.getLocalSocketAddress();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : queue) {
            socket.close();
        }
    }
}
