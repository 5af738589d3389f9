package dev.sidestep.sidecar;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** A server that does on each connection what a test's script says. Thread-safe. */
final class RawServer implements AutoCloseable {
    private final ServerSocket listener;
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final AtomicInteger accepted = new AtomicInteger();

    /** One connection's script; the connection is closed when it returns. */
    @FunctionalInterface
    interface Script {
        void run(Connection connection) throws IOException, InterruptedException;
    }

    /** One connection. */
    record Connection(Socket socket, InputStream in) {
        /** Reads to the end of a head, and gives it. */
        String readHead() throws IOException {
            var head = new StringBuilder();
            while (head.indexOf("\r\n\r\n") < 0) {
                int read = in.read();
                if (read < 0) {
                    return head.toString();
                }
                head.append((char) read);
            }
            return head.toString();
        }

        String read(int count) throws IOException {
            return new String(in.readNBytes(count), StandardCharsets.ISO_8859_1);
        }

        void write(String text) throws IOException {
            socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
        }

        /** Closes with a TCP reset. */
        void reset() throws IOException {
            socket.setSoLinger(true, 0);
            socket.close();
        }

        /** Waits until the other side has closed. */
        void awaitEnd() throws IOException {
            in.transferTo(java.io.OutputStream.nullOutputStream());
        }
    }

    private RawServer(ServerSocket listener) {
        this.listener = listener;
    }

    static RawServer start(Script script) throws IOException {
        return start(InetAddress.getLoopbackAddress(), script);
    }

    /** One at {@code address}, an address of this machine. */
    static RawServer start(InetAddress address, Script script) throws IOException {
        return start(address, 0, script);
    }

    static RawServer start(InetAddress address, int port, Script script) throws IOException {
        var server = new RawServer(new ServerSocket(port, 128, address));
        var acceptor = new Thread(() -> server.accept(script), "raw-server");
        acceptor.setDaemon(true);
        acceptor.start();
        return server;
    }

    private void accept(Script script) {
        while (true) {
            Socket socket;
            try {
                socket = listener.accept();
            } catch (IOException closed) {
                return;
            }
            sockets.add(socket);
            accepted.incrementAndGet();
            var thread = new Thread(() -> run(script, socket), "raw-server-connection");
            thread.setDaemon(true);
            thread.start();
        }
    }

    private void run(Script script, Socket socket) {
        try (socket) {
            socket.setTcpNoDelay(true);
            script.run(new Connection(socket, socket.getInputStream()));
        } catch (IOException | InterruptedException e) {
            // The other side left; the test sees it on its own side.
        } finally {
            sockets.remove(socket);
        }
    }

    int port() {
        return listener.getLocalPort();
    }

    int accepted() {
        return accepted.get();
    }

    int open() {
        return sockets.size();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
