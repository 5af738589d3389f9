package dev.sidestep.sidecar.http1;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ResponseHeadTest {
    private static ResponseHead scanned(String text) {
        ResponseHead head = new ResponseHead();
        head.reset();
        assertThat(head.scan(text.getBytes(StandardCharsets.ISO_8859_1), text.length(), 1024))
                .isEqualTo(Head.Scan.COMPLETE);
        return head;
    }

    private static String forwarded(String text, int clientMinor, boolean persistent, String endpoint) {
        ByteBuf out = Unpooled.buffer();
        ResponseHead head = scanned(text);
        head.write(clientMinor, persistent, endpoint, out);
        assertThat(out.readableBytes()).isLessThanOrEqualTo(head.writtenBytes());
        return out.toString(StandardCharsets.ISO_8859_1);
    }

    @Test
    void forwardsWhatConcernsTheClientByteForByte() {
        String plain = "HTTP/1.1 200 All right\r\nContent-Length: 5\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n";
        assertThat(forwarded(plain, 1, true, "")).isEqualTo(plain);
    }

    @Test
    void speaksForItsOwnConnectionToTheClient() {
        String closing =
                "HTTP/1.0 200 OK\r\nConnection: close, x-hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nContent-Length: 0\r\n\r\n";
        assertThat(forwarded(closing, 1, true, "")).isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        assertThat(forwarded(closing, 1, false, ""))
                .isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        assertThat(forwarded(closing, 0, true, ""))
                .isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n");
    }

    @Test
    void namesTheEndpointToWhoAskedForIt() {
        assertThat(forwarded("HTTP/1.1 204 No Content\r\n\r\n", 1, true, "10.0.0.1:80"))
                .isEqualTo("HTTP/1.1 204 No Content\r\nx-sidestep-endpoint: 10.0.0.1:80\r\n\r\n");
    }

    /** RFC 9112 section 6.3: chunked overrides a length, which must not be passed on. */
    @Test
    void dropsALengthBesideChunksAndTrustsTheConnectionNoMore() {
        String both = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n";
        assertThat(forwarded(both, 1, true, "")).isEqualTo("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        assertThat(scanned(both).persistent()).isFalse();
    }

    @Test
    void findsHowTheBodyEnds() {
        assertThat(ends("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true)).isEqualTo("none");
        assertThat(ends("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", false))
                .isEqualTo("none");
        assertThat(ends("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false))
                .isEqualTo("none");
        assertThat(ends("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false)).isEqualTo("framed");
        assertThat(ends("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false))
                .isEqualTo("framed");
        assertThat(ends("HTTP/1.1 200 OK\r\n\r\n", false)).isEqualTo("with the connection");
    }

    private static String ends(String text, boolean toHead) {
        Body body = new Body(1024);
        scanned(text).body(toHead, body);
        return body.done() ? "none" : body.endsWithConnection() ? "with the connection" : "framed";
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 200OK\r\n\r\n",
                "HTTP/1.1 20 OK\r\n\r\n",
                "HTTP/1.1 099 OK\r\n\r\n",
                "HTTP/2.0 200 OK\r\n\r\n",
                "HTTP/1.1  200 OK\r\n\r\n",
                "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
                "ICY 200 OK\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                "HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n\r\n",
                "HTTP/1.1 200 OK\r\nX : a\r\n\r\n",
                "HTTP/1.1 200 O\0K\r\n\r\n",
            })
    void refusesWhatTwoReadersCouldReadDifferently(String bad) {
        ResponseHead head = new ResponseHead();
        head.reset();
        assertThat(head.scan(bad.getBytes(StandardCharsets.ISO_8859_1), bad.length(), 1024))
                .isEqualTo(Head.Scan.MALFORMED);
    }
}
