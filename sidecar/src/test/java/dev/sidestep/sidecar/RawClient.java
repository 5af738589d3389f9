package dev.sidestep.sidecar;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** A client that sends exactly the bytes it is told to. Reads wait 5 s at most. */
final class RawClient implements AutoCloseable {
    private final Socket socket = new Socket();
    private final InputStream in;

    RawClient(InetSocketAddress to) throws IOException {
        socket.connect(to, 5000);
        socket.setSoTimeout(5000);
        socket.setTcpNoDelay(true);
        in = socket.getInputStream();
    }

    record Response(int status, Map<String, String> headers, String body, String raw) {
        String header(String name) {
            return headers.getOrDefault(name, "");
        }
    }

    RawClient send(String bytes) throws IOException {
        socket.getOutputStream().write(bytes.getBytes(StandardCharsets.ISO_8859_1));
        return this;
    }

    /** Reads one response to anything but HEAD. */
    Response read() throws IOException {
        return read(false);
    }

    Response read(boolean toHead) throws IOException {
        String head = readHead();
        int status = Integer.parseInt(head.substring(9, 12));
        Map<String, String> headers = new TreeMap<>();
        for (String line : head.split("\r\n", -1)) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                headers.merge(
                        line.substring(0, colon).toLowerCase(Locale.ROOT),
                        line.substring(colon + 1).trim(),
                        (one, other) -> one + "," + other);
            }
        }
        String body;
        if (toHead || status < 200 || status == 204 || status == 304) {
            body = "";
        } else if (headers.containsKey("content-length")) {
            body = readBytes(Integer.parseInt(headers.get("content-length")));
        } else if ("chunked".equals(headers.get("transfer-encoding"))) {
            body = readChunks();
        } else {
            body = readToEnd();
        }
        return new Response(status, headers, body, head);
    }

    private String readHead() throws IOException {
        var head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            head.append(readChar());
        }
        return head.toString();
    }

    private char readChar() throws IOException {
        int read = in.read();
        if (read < 0) {
            throw new EOFException("closed");
        }
        return (char) read;
    }

    String readBytes(int count) throws IOException {
        return new String(in.readNBytes(count), StandardCharsets.ISO_8859_1);
    }

    private String readLine() throws IOException {
        var line = new StringBuilder();
        while (line.indexOf("\r\n") < 0) {
            line.append(readChar());
        }
        return line.substring(0, line.length() - 2);
    }

    /** The chunks' data, and trailers as lines behind it. */
    private String readChunks() throws IOException {
        var body = new StringBuilder();
        while (true) {
            int size = Integer.parseInt(readLine().split(";", -1)[0], 16);
            if (size == 0) {
                for (String line = readLine(); !line.isEmpty(); line = readLine()) {
                    body.append('\n').append(line);
                }
                return body.toString();
            }
            body.append(readBytes(size));
            readLine();
        }
    }

    String readToEnd() throws IOException {
        var all = new ByteArrayOutputStream();
        in.transferTo(all);
        return all.toString(StandardCharsets.ISO_8859_1);
    }

    /** Whether the other side has closed, with nothing more to read. */
    boolean isClosed() throws IOException {
        return in.read() < 0;
    }

    Socket socket() {
        return socket;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
