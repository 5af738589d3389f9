package dev.sidestep.sidecar.http1;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@SuppressWarnings("StringConcatToTextBlock") // The line ends are what is tested.
class RequestHeadTest {
    private static final int LIMIT = 64 << 10;

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static Head.Scan scan(RequestHead head, String text) {
        head.reset();
        return head.scan(bytes(text), text.length(), LIMIT);
    }

    private static String forwarded(String text) {
        RequestHead head = new RequestHead();
        assertThat(scan(head, text)).isEqualTo(Head.Scan.COMPLETE);
        ByteBuf out = Unpooled.buffer();
        head.write(out);
        assertThat(out.readableBytes()).isLessThanOrEqualTo(head.writtenBytes());
        return out.toString(StandardCharsets.ISO_8859_1);
    }

    @Test
    void forwardsWhatConcernsTheServerByteForByte() {
        String plain =
                "GET /a?b=%20c HTTP/1.1\r\nHost: backend\r\nX-Odd:  spaced \t\r\nx-odd:again\r\nCookie: a=b\r\n\r\n";
        assertThat(forwarded(plain)).isEqualTo(plain);
    }

    /** RFC 9110 section 7.6.1: what Connection names, and what names one connection by itself, stays here. */
    @Test
    void keepsWhatConcernsOneConnectionToItself() {
        assertThat(forwarded("GET / HTTP/1.1\r\nX-Mine: 1\r\nHost: b\r\nConnection: keep-alive, x-mine\r\n"
                        + "Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nX-Other: 2\r\n\r\n"))
                .isEqualTo("GET / HTTP/1.1\r\nHost: b\r\nX-Other: 2\r\n\r\n");
    }

    /** RFC 9112 section 3.2.2: an origin server's request line has the path alone, and the authority wins over Host. */
    @Test
    void writesAnAbsoluteTargetAsAPath() {
        assertThat(forwarded("GET http://backend:8080/a?b HTTP/1.1\r\nAccept: */*\r\nHost: other\r\n\r\n"))
                .isEqualTo("GET /a?b HTTP/1.1\r\nHost: backend:8080\r\nAccept: */*\r\n\r\n");
        assertThat(forwarded("GET HTTP://backend HTTP/1.1\r\nHost: other\r\n\r\n"))
                .isEqualTo("GET / HTTP/1.1\r\nHost: backend\r\n\r\n");
        assertThat(forwarded("GET http://backend?b HTTP/1.1\r\nHost: other\r\n\r\n"))
                .isEqualTo("GET /?b HTTP/1.1\r\nHost: backend\r\n\r\n");
        assertThat(forwarded("OPTIONS http://backend HTTP/1.1\r\nHost: other\r\n\r\n"))
                .isEqualTo("OPTIONS * HTTP/1.1\r\nHost: backend\r\n\r\n");
    }

    /** {@code java.net.http} asks every server for HTTP/2; the answer 101 would pin all that follows to one endpoint. */
    @Test
    void doesNotPassOnAnUpgradeToHttp2() {
        assertThat(forwarded(
                        "GET / HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nHost: b\r\nHTTP2-Settings: AAEAAEAA\r\n"
                                + "Upgrade: h2c\r\nUser-Agent: j\r\n\r\n"))
                .isEqualTo("GET / HTTP/1.1\r\nHost: b\r\nUser-Agent: j\r\n\r\n");
    }

    @Test
    void passesOnAnyOtherUpgrade() {
        assertThat(forwarded("GET / HTTP/1.1\r\nHost: b\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"))
                .isEqualTo("GET / HTTP/1.1\r\nHost: b\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    }

    @Test
    void passesOnThatTrailersAreWelcome() {
        assertThat(forwarded("GET / HTTP/1.1\r\nHost: b\r\nTE: trailers\r\nConnection: TE\r\n\r\n"))
                .isEqualTo("GET / HTTP/1.1\r\nHost: b\r\nConnection: TE\r\nTE: trailers\r\n\r\n");
    }

    @Test
    void keepsTheQuestionForTheEndpointToItself() {
        assertThat(forwarded("GET / HTTP/1.1\r\nHost: b\r\nX-Sidestep-Endpoint: 1\r\n\r\n"))
                .isEqualTo("GET / HTTP/1.1\r\nHost: b\r\n\r\n");
    }

    /** RFC 9112 section 6.3 allows two equal lengths only as one. */
    @Test
    void sendsOneOfTwoEqualLengths() {
        assertThat(forwarded("POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n"))
                .isEqualTo("POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 5\r\n\r\n");
    }

    @Test
    void passesOverEmptyLinesBeforeTheRequestLine() {
        assertThat(forwarded("\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n"))
                .isEqualTo("GET / HTTP/1.1\r\nHost: b\r\n\r\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 5, 5\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: b\r\nContent-Length: +5\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: b\r\nContent-Length: -5\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 0x5\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 1_0\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 5 5\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: b\r\nContent-Length:\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 9999999999999999999\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: identity\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: xchunked\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: b\r\nTransfer-Encoding:\u000bchunked\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: b\r\nTransfer-Encoding : chunked\r\n\r\n",
                "POST / HTTP/1.0\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: b\r\nConnection: content-length\r\nContent-Length: 5\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: b\r\nConnection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: b\r\nConnection: Host\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: b\r\nHost: b\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: b\r\nHost: c\r\n\r\n",
                "GET / HTTP/1.1\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: b, c\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: b/c\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
                "GET http://a@b/ HTTP/1.1\r\nHost: b\r\n\r\n",
                "GET https://b/ HTTP/1.1\r\nHost: b\r\n\r\n",
                "GET ftp://b/ HTTP/1.1\r\nHost: b\r\n\r\n",
                "GET http:///a HTTP/1.1\r\nHost: b\r\n\r\n",
                "GET a HTTP/1.1\r\nHost: b\r\n\r\n",
                "GET * HTTP/1.1\r\nHost: b\r\n\r\n",
                "GET /\nHost: b\r\n\r\n",
                "GET / HTTP/1.1\nHost: b\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: b\n\r\n",
                "GET / HTTP/1.1\r\nHost: b\r\n\n",
                "GET / HTTP/1.1\rHost: b\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: b\rX: c\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: b\r\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: b\r\n X: folded\r\n\r\n",
                "GET / HTTP/1.1\r\n Host: b\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: b\r\nX: a\r\n\tb\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: b\r\nX: a\0b\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: b\r\nX\0: a\r\n\r\n",
                "GET /\0 HTTP/1.1\r\nHost: b\r\n\r\n",
                "GET / HTTP/1.1\r\nHost : b\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: b\r\n: empty\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: b\r\nno colon\r\n\r\n",
                "GET  / HTTP/1.1\r\nHost: b\r\n\r\n",
                "GET /  HTTP/1.1\r\nHost: b\r\n\r\n",
                "GET / HTTP/1.1 \r\nHost: b\r\n\r\n",
                "GET\t/ HTTP/1.1\r\nHost: b\r\n\r\n",
                "GET / HTTP/1.2\r\nHost: b\r\n\r\n",
                "GET / HTTP/2.0\r\nHost: b\r\n\r\n",
                "GET / http/1.1\r\nHost: b\r\n\r\n",
                "GET / HTTP/1.11\r\nHost: b\r\n\r\n",
                "GET /\r\nHost: b\r\n\r\n",
                " GET / HTTP/1.1\r\nHost: b\r\n\r\n",
                "G(T / HTTP/1.1\r\nHost: b\r\n\r\n",
                "CONNECT b:80 HTTP/1.1\r\nHost: b\r\nContent-Length: 5\r\n\r\n",
                "CONNECT b:80 HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n",
                "CONNECT /b HTTP/1.1\r\nHost: b\r\n\r\n",
                "\nGET / HTTP/1.1\r\nHost: b\r\n\r\n",
            })
    void refusesWhatTwoReadersCouldReadDifferently(String ambiguous) {
        RequestHead head = new RequestHead();
        assertThat(scan(head, ambiguous)).isEqualTo(Head.Scan.MALFORMED);
        assertSameInEverySplit(ambiguous, Head.Scan.MALFORMED);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET / HTTP/1.1\r\nHost: b\r\n\r\n",
                "GET / HTTP/1.0\r\n\r\n",
                "GET / HTTP/1.1\r\nHost:\r\n\r\n",
                "GET /\u00fc HTTP/1.1\r\nHost: b\r\nX: \u00fc\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: [::1]:80\r\nTransfer-Encoding: Chunked\r\n\r\n",
                "OPTIONS * HTTP/1.1\r\nHost: b\r\n\r\n",
                "M-SEARCH /a HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n",
                "CONNECT b:80 HTTP/1.1\r\nHost: b:80\r\nContent-Length: 0\r\n\r\n",
                "GET http://b/ HTTP/1.1\r\nHost: c\r\nConnection: x-a\r\nx-a: b\r\nX-B: c\r\n\r\n",
            })
    void takesWhatIsPlain(String plain) {
        assertSameInEverySplit(plain, Head.Scan.COMPLETE);
    }

    private static void assertSameInEverySplit(String text, Head.Scan expected) {
        String whole = expected == Head.Scan.COMPLETE ? forwarded(text) : "";
        for (int split = 0; split <= text.length(); split++) {
            HeadReader reader = new HeadReader(new byte[LIMIT]);
            RequestHead head = new RequestHead();
            ByteBuf first = Unpooled.wrappedBuffer(bytes(text.substring(0, split)));
            ByteBuf second = Unpooled.wrappedBuffer(bytes(text.substring(split) + "BEHIND"));
            Head.Scan scan = reader.read(head, first);
            if (scan == Head.Scan.MORE) {
                scan = reader.read(head, second);
            }
            assertThat(scan).describedAs("split at %d", split).isEqualTo(expected);
            if (expected == Head.Scan.COMPLETE) {
                ByteBuf out = Unpooled.buffer();
                head.write(out);
                assertThat(out.toString(StandardCharsets.ISO_8859_1)).isEqualTo(whole);
                if (split < text.length()) {
                    assertThat(second.toString(StandardCharsets.ISO_8859_1)).isEqualTo("BEHIND");
                }
            }
        }
        HeadReader reader = new HeadReader(new byte[LIMIT]);
        RequestHead head = new RequestHead();
        Head.Scan scan = Head.Scan.MORE;
        for (int i = 0; i < text.length() && scan == Head.Scan.MORE; i++) {
            scan = reader.read(head, Unpooled.wrappedBuffer(bytes(text.substring(i, i + 1))));
        }
        assertThat(scan).describedAs("byte by byte").isEqualTo(expected);
    }

    @Test
    void refusesAHeadLongerThanTheLimitAndNotOneThatFits() {
        String start = "GET / HTTP/1.1\r\nHost: b\r\nX: ";
        String fits = start + "x".repeat(LIMIT - start.length() - 4) + "\r\n\r\n";
        RequestHead head = new RequestHead();
        assertThat(scan(head, fits)).isEqualTo(Head.Scan.COMPLETE);
        assertThat(scan(head, fits.replace("X: ", "X: x"))).isEqualTo(Head.Scan.TOO_LARGE);
        assertThat(scan(head, "GET /" + "x".repeat(LIMIT))).isEqualTo(Head.Scan.TOO_LARGE);
    }

    @Test
    void tellsWhichRequestsLeaveTheConnectionOpen() {
        RequestHead head = new RequestHead();
        scan(head, "GET / HTTP/1.1\r\nHost: b\r\n\r\n");
        assertThat(head.persistent()).isTrue();
        scan(head, "GET / HTTP/1.1\r\nHost: b\r\nConnection: Close\r\n\r\n");
        assertThat(head.persistent()).isFalse();
        scan(head, "GET / HTTP/1.0\r\nHost: b\r\n\r\n");
        assertThat(head.persistent()).isFalse();
        scan(head, "GET / HTTP/1.0\r\nHost: b\r\nConnection: keep-alive\r\n\r\n");
        assertThat(head.persistent()).isTrue();
    }
}
