package dev.sidestep.sidecar.outbound;

import dev.sidestep.model.Protocol;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What the first bytes of a connection tell about its protocol. */
final class FirstBytes {
    private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    /** RFC 9110 section 9.3, and RFC 5789. Other methods are too rare to hold up every byte stream for. */
    private static final List<byte[]> METHODS = List.of(
            bytes("GET "),
            bytes("POST "),
            bytes("PUT "),
            bytes("HEAD "),
            bytes("DELETE "),
            bytes("PATCH "),
            bytes("OPTIONS "),
            bytes("TRACE "));

    private FirstBytes() {}

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** {@link Protocol#UNDECLARED} while they do not tell yet. */
    static Protocol tell(ByteBuf bytes) {
        if (!bytes.isReadable()) {
            return Protocol.UNDECLARED;
        }
        if (begins(bytes, PREFACE)) {
            // "PRI " is no method of HTTP/1.1's; the rest of the preface is for HTTP/2 to check.
            return bytes.readableBytes() >= 4 ? Protocol.HTTP2 : Protocol.UNDECLARED;
        }
        for (byte[] method : METHODS) {
            if (begins(bytes, method)) {
                return target(bytes, method.length);
            }
        }
        return Protocol.TCP; // TLS among them: passed on as it is.
    }

    /** The method is one of HTTP's; its target must look like one too. */
    private static Protocol target(ByteBuf bytes, int from) {
        if (bytes.readableBytes() <= from) {
            return Protocol.UNDECLARED;
        }
        // An absolute-form is what proxies are sent: to a Service that is one (Squid), its bytes are nobody else's
        // business.
        byte first = bytes.getByte(bytes.readerIndex() + from);
        return first == '/' || first == '*' ? Protocol.HTTP1 : Protocol.TCP;
    }

    /** Whether {@code bytes} begin with {@code wanted}, as far as both go. */
    private static boolean begins(ByteBuf bytes, byte[] wanted) {
        int count = Math.min(bytes.readableBytes(), wanted.length);
        for (int i = 0; i < count; i++) {
            if (bytes.getByte(bytes.readerIndex() + i) != wanted[i]) {
                return false;
            }
        }
        return true;
    }
}
