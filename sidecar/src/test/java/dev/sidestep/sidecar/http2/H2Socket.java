package dev.sidestep.sidecar.http2;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** One end of an HTTP/2 connection, frame by frame and as rude as a test wants: it answers and checks nothing by itself. */
final class H2Socket implements Closeable {
    static final int DATA = 0;
    static final int HEADERS = 1;
    static final int PRIORITY = 2;
    static final int RST_STREAM = 3;
    static final int SETTINGS = 4;
    static final int PING = 6;
    static final int GOAWAY = 7;
    static final int WINDOW_UPDATE = 8;
    static final int CONTINUATION = 9;

    static final int END_STREAM = 1;
    static final int ACK = 1;
    static final int END_HEADERS = 4;

    private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(US_ASCII);

    private final Socket socket;
    private final DataInputStream in;
    private final OutputStream out;
    private final DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder(false, 1 << 20);

    /** A frame as it came. */
    static final class Frame {
        private final int type;
        private final int flags;
        private final int stream;
        private final byte[] payload;

        Frame(int type, int flags, int stream, byte[] payload) {
            this.type = type;
            this.flags = flags;
            this.stream = stream;
            this.payload = payload;
        }

        int type() {
            return type;
        }

        int flags() {
            return flags;
        }

        int stream() {
            return stream;
        }

        byte[] payload() {
            return payload;
        }

        boolean is(int wanted) {
            return type == wanted;
        }

        boolean ends() {
            return (flags & END_STREAM) != 0;
        }

        /** The first four bytes of the payload: an error code, or a GOAWAY's last stream. */
        int number() {
            return ByteBuffer.wrap(payload).getInt();
        }

        /** A GOAWAY's error code. */
        int goAwayCode() {
            return ByteBuffer.wrap(payload).getInt(4);
        }

        String text() {
            return new String(payload, US_ASCII);
        }
    }

    H2Socket(Socket socket) throws IOException {
        this.socket = socket;
        socket.setSoTimeout(10_000);
        socket.setTcpNoDelay(true);
        in = new DataInputStream(socket.getInputStream());
        out = new BufferedOutputStream(socket.getOutputStream(), 1 << 16);
    }

    /** Connects and says hello. */
    static H2Socket connect(InetSocketAddress address) throws IOException {
        return connect(address, 1 << 20);
    }

    /** @param receiveBuffer what the kernel takes for it while it does not read, about */
    static H2Socket connect(InetSocketAddress address, int receiveBuffer) throws IOException {
        var plain = new Socket();
        plain.setReceiveBufferSize(receiveBuffer);
        plain.connect(address);
        var socket = new H2Socket(plain);
        socket.out.write(PREFACE);
        socket.send(SETTINGS, 0, 0);
        return socket;
    }

    /** Reads the client's preface and says hello. */
    void accept(int... settings) throws IOException {
        preface();
        settings(settings);
    }

    /** Reads the client's preface. */
    boolean preface() throws IOException {
        return Arrays.equals(in.readNBytes(PREFACE.length), PREFACE);
    }

    /** @param idsAndValues a setting's id, its value, and so on */
    void settings(int... idsAndValues) throws IOException {
        ByteBuffer payload = ByteBuffer.allocate(idsAndValues.length * 3);
        for (int i = 0; i < idsAndValues.length; i += 2) {
            payload.putShort((short) idsAndValues[i]).putInt(idsAndValues[i + 1]);
        }
        send(SETTINGS, 0, 0, payload.array());
    }

    void send(int type, int flags, int stream, byte... payload) throws IOException {
        write(type, flags, stream, payload);
        out.flush();
    }

    /** As {@link #send}, but leaves only with the next flush. */
    void write(int type, int flags, int stream, byte... payload) throws IOException {
        ByteBuffer head = ByteBuffer.allocate(9);
        head.put((byte) (payload.length >> 16)).putShort((short) payload.length);
        head.put((byte) type).put((byte) flags).putInt(stream);
        out.write(head.array());
        out.write(payload);
    }

    void flush() throws IOException {
        out.flush();
    }

    void number(int type, int stream, int value) throws IOException {
        send(type, 0, stream, ByteBuffer.allocate(4).putInt(value).array());
    }

    void goAway(int lastStream, int code) throws IOException {
        send(
                GOAWAY,
                0,
                0,
                ByteBuffer.allocate(8).putInt(lastStream).putInt(code).array());
    }

    /** A request of {@code method}, and whatever else it is to carry. */
    void request(int stream, boolean end, String method, String authority, String... more) throws IOException {
        var all = new String[8 + more.length];
        System.arraycopy(
                new String[] {":method", method, ":scheme", "http", ":path", "/api", ":authority", authority},
                0,
                all,
                0,
                8);
        System.arraycopy(more, 0, all, 8, more.length);
        headers(stream, end, all);
    }

    void headers(int stream, boolean end, String... namesAndValues) throws IOException {
        send(HEADERS, END_HEADERS | (end ? END_STREAM : 0), stream, block(namesAndValues));
    }

    void data(int stream, boolean end, byte... bytes) throws IOException {
        send(DATA, end ? END_STREAM : 0, stream, bytes);
    }

    /** Literals without indexing and without Huffman's code (RFC 7541 §6.2.2). */
    static byte[] block(String... namesAndValues) {
        var block = new ByteArrayOutputStream();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            block.write(0);
            literal(block, namesAndValues[i]);
            literal(block, namesAndValues[i + 1]);
        }
        return block.toByteArray();
    }

    private static void literal(ByteArrayOutputStream block, String text) {
        byte[] bytes = text.getBytes(US_ASCII);
        if (bytes.length < 127) {
            block.write(bytes.length);
        } else {
            block.write(127);
            int rest = bytes.length - 127;
            while (rest >= 128) {
                block.write(rest % 128 + 128);
                rest /= 128;
            }
            block.write(rest);
        }
        block.writeBytes(bytes);
    }

    /** The next frame of whatever kind. */
    Frame read() throws IOException {
        int lengthAndType = in.readInt();
        int flags = in.readUnsignedByte();
        int stream = in.readInt();
        byte[] payload = new byte[lengthAndType >>> 8];
        in.readFully(payload);
        return new Frame(lengthAndType & 0xff, flags, stream, payload);
    }

    /** The next frame of {@code type}; the others are dropped, but for SETTINGS and PING, which are answered. */
    Frame next(int type) throws IOException {
        while (true) {
            Frame frame = read();
            if (frame.is(type) && !(type == SETTINGS && frame.flags() == ACK)) {
                return frame;
            }
            answer(frame);
        }
    }

    /** The next HEADERS, DATA or RST_STREAM of a stream. */
    Frame nextOfStream() throws IOException {
        while (true) {
            Frame frame = read();
            if (frame.is(HEADERS) || frame.is(DATA) || frame.is(RST_STREAM)) {
                return frame;
            }
            answer(frame);
        }
    }

    private void answer(Frame frame) throws IOException {
        if ((frame.is(SETTINGS) || frame.is(PING)) && frame.flags() == 0) {
            send(frame.type(), ACK, 0, frame.is(PING) ? frame.payload() : new byte[0]);
        }
    }

    Http2Headers decode(Frame frame) {
        ByteBuf block = Unpooled.wrappedBuffer(frame.payload());
        try {
            return decoder.decodeHeaders(frame.stream(), block);
        } catch (Http2Exception e) {
            throw new IllegalStateException(e);
        }
    }

    Socket socket() {
        return socket;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
