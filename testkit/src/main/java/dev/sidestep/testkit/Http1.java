package dev.sidestep.testkit;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The server's side of one HTTP/1.1 connection, as little of it as a test backend needs. Used by one thread. */
public final class Http1 {
    /** A header line, as it came. */
    public record Header(String name, String value) {}

    /** A whole request; chunks are joined and trailers dropped. The body is text in which each character is a byte. */
    public record Request(String method, String target, List<Header> headers, String body) {
        /** The first value of a header, whatever its case. */
        public Optional<String> header(String name) {
            return headers.stream()
                    .filter(header -> header.name().equalsIgnoreCase(name))
                    .map(Header::value)
                    .findFirst();
        }

        boolean closes() {
            return header("connection")
                    .map(value -> value.toLowerCase(Locale.ROOT).contains("close"))
                    .orElse(false);
        }
    }

    /** A whole response, sent with its length. The body is text in which each character is a byte. */
    public record Response(int status, List<Header> headers, String body) {
        public static Response ok(String body) {
            return of(200, body);
        }

        public static Response of(int status, String body) {
            return new Response(status, List.of(new Header("content-type", "text/plain")), body);
        }
    }

    private final InputStream in;
    private final OutputStream out;

    Http1(InputStream in, OutputStream out) {
        this.in = in;
        this.out = out;
    }

    /** Null when the peer has closed between two requests. */
    @Nullable
    Request readRequest() throws IOException {
        String line = readLine();
        if (line == null) {
            return null;
        }
        String[] parts = line.split(" ", 3);
        if (parts.length != 3) {
            throw new IOException("not a request line: " + line);
        }
        List<Header> headers = readHeaders();
        Request head = new Request(parts[0], parts[1], headers, "");
        if (head.header("expect").isPresent()) {
            out.write("HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
            out.flush();
        }
        return new Request(parts[0], parts[1], headers, new String(readBody(head), StandardCharsets.ISO_8859_1));
    }

    private byte[] readBody(Request head) throws IOException {
        if (head.header("transfer-encoding").isPresent()) {
            return readChunks();
        }
        return readFully(
                Integer.parseInt(head.header("content-length").orElse("0").trim()));
    }

    private byte[] readChunks() throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        while (true) {
            String size = requireLine().split(";", 2)[0].trim();
            byte[] chunk = readFully(Integer.parseInt(size, 16));
            if (chunk.length == 0) {
                readHeaders();
                return body.toByteArray();
            }
            body.write(chunk);
            requireLine();
        }
    }

    private byte[] readFully(int length) throws IOException {
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new IOException("the body ends early");
        }
        return bytes;
    }

    private List<Header> readHeaders() throws IOException {
        List<Header> headers = new ArrayList<>();
        for (String line = requireLine(); !line.isEmpty(); line = requireLine()) {
            int colon = line.indexOf(':');
            if (colon < 0) {
                throw new IOException("not a header: " + line);
            }
            headers.add(new Header(
                    line.substring(0, colon), line.substring(colon + 1).trim()));
        }
        return headers;
    }

    private String requireLine() throws IOException {
        String line = readLine();
        if (line == null) {
            throw new IOException("the request ends early");
        }
        return line;
    }

    private @Nullable String readLine() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b >= 0; b = in.read()) {
            if (b == '\n') {
                String text = line.toString(StandardCharsets.ISO_8859_1);
                return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
            }
            line.write(b);
        }
        return null;
    }

    void write(Request request, Response response) throws IOException {
        ByteArrayOutputStream message = head(response);
        if (!request.method().equals("HEAD")) {
            message.write(bytes(response.body()));
        }
        out.write(message.toByteArray());
        out.flush();
    }

    void writeHalf(Response response) throws IOException {
        ByteArrayOutputStream message = head(response);
        message.write(bytes(response.body()), 0, response.body().length() / 2);
        out.write(message.toByteArray());
        out.flush();
    }

    private static ByteArrayOutputStream head(Response response) throws IOException {
        StringBuilder head =
                new StringBuilder("HTTP/1.1 ").append(response.status()).append(" -\r\n");
        for (Header header : response.headers()) {
            head.append(header.name()).append(": ").append(header.value()).append("\r\n");
        }
        head.append("content-length: ").append(response.body().length()).append("\r\n\r\n");
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        message.write(bytes(head.toString()));
        return message;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
