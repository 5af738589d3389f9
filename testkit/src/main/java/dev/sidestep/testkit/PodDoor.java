package dev.sidestep.testkit;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A program that runs inside a {@link Pod} and opens connections there for a test outside: a Unix socket is seen from
 * every network namespace. Each connection to it begins with {@code host port\n}, is answered {@code +} or {@code
 * -reason\n}, and is from then on the connection to there, half-closes and all. Also answers HTTP on a port of the pod.
 */
final class PodDoor {
    private PodDoor() {}

    /** Arguments: the path of the Unix socket, and the port of the HTTP server. */
    public static void main(String[] args) throws IOException {
        ServerSocketChannel http = ServerSocketChannel.open().bind(new InetSocketAddress(Integer.parseInt(args[1])));
        background(() -> serveHttp(http));
        try (ServerSocketChannel door = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            door.bind(UnixDomainSocketAddress.of(Path.of(args[0])));
            System.out.println("door open");
            while (true) {
                SocketChannel outside = door.accept();
                background(() -> open(outside));
            }
        }
    }

    private static void open(SocketChannel outside) throws IOException {
        try (outside;
                SocketChannel inside = SocketChannel.open()) {
            String[] words = readLine(outside).split(" ", 2);
            try {
                inside.socket().connect(new InetSocketAddress(words[0], Integer.parseInt(words[1])), 5000);
            } catch (IOException refused) {
                write(outside, "-" + refused.getMessage() + "\n");
                return;
            }
            inside.socket().setTcpNoDelay(true);
            write(outside, "+");
            Thread back = background(() -> copy(inside, outside));
            copy(outside, inside);
            back.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void copy(SocketChannel from, SocketChannel to) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(64 << 10);
        try {
            while (from.read(buffer) >= 0) {
                buffer.flip();
                while (buffer.hasRemaining()) {
                    to.write(buffer);
                }
                buffer.clear();
            }
            to.shutdownOutput();
        } catch (IOException gone) {
            from.close();
            to.close();
        }
    }

    private static void serveHttp(ServerSocketChannel listener) throws IOException {
        while (true) {
            SocketChannel client = listener.accept();
            background(() -> {
                try (client) {
                    while (true) {
                        String line = readLine(client);
                        while (!line.equals("\r")) {
                            line = readLine(client);
                        }
                        write(client, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nself");
                    }
                }
            });
        }
    }

    private static String readLine(ByteChannel from) throws IOException {
        var line = new StringBuilder();
        ByteBuffer one = ByteBuffer.allocate(1);
        while (from.read(one.clear()) > 0) {
            char c = (char) one.get(0);
            if (c == '\n') {
                return line.toString();
            }
            line.append(c);
        }
        throw new IOException("closed");
    }

    private static void write(ByteChannel to, String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            to.write(bytes);
        }
    }

    private interface Task {
        void run() throws IOException;
    }

    private static Thread background(Task task) {
        var thread = new Thread(() -> {
            try {
                task.run();
            } catch (IOException over) {
                // The other side is gone; the test sees it on its own side.
            }
        });
        thread.setDaemon(true);
        thread.start();
        return thread;
    }
}
