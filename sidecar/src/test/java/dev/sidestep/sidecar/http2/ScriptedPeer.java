package dev.sidestep.sidecar.http2;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** A server that does on each connection what a test wrote for it. */
final class ScriptedPeer implements AutoCloseable {
    /** What happens on a connection; an exception ends it quietly. */
    interface Script {
        void run(H2Socket socket) throws IOException;
    }

    final AtomicInteger connections = new AtomicInteger();
    final AtomicInteger closed = new AtomicInteger();
    private final ServerSocket listener;
    private final List<Socket> accepted = new CopyOnWriteArrayList<>();
    private final Script script;

    ScriptedPeer(Script script) throws IOException {
        this.script = script;
        listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        thread("listener", this::listen);
    }

    /** One that answers every request with {@code name}. */
    static ScriptedPeer answering(String name) throws IOException {
        return new ScriptedPeer(socket -> {
            socket.accept();
            while (true) {
                H2Socket.Frame frame = socket.nextOfStream();
                if (frame.ends()) {
                    answer(socket, frame.stream(), name);
                }
            }
        });
    }

    static void answer(H2Socket socket, int stream, String body) throws IOException {
        socket.headers(stream, false, ":status", "200", "content-type", "text/plain");
        socket.data(stream, true, body.getBytes(US_ASCII));
    }

    InetSocketAddress address() {
        return (InetSocketAddress) listener.getLocalSocketAddress();
    }

    private void listen() {
        try {
            while (true) {
                Socket socket = listener.accept();
                accepted.add(socket);
                connections.incrementAndGet();
                thread("connection", () -> serve(socket));
            }
        } catch (IOException closed) {
            // The test is over.
        }
    }

    private void serve(Socket socket) {
        try (var connection = new H2Socket(socket)) {
            script.run(connection);
        } catch (IOException ended) {
            // By the proxy, or by the test.
        } finally {
            closed.incrementAndGet();
        }
    }

    private static void thread(String name, Runnable task) {
        var thread = new Thread(task, "scripted-" + name);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : accepted) {
            socket.close();
        }
    }
}
