package dev.sidestep.sidecar.http2;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.sidecar.LeakRecorder;
import dev.sidestep.sidecar.http2.H2Socket.Frame;
import dev.sidestep.sidecar.loop.Limits;
import dev.sidestep.sidecar.outbound.OriginalDestination;
import dev.sidestep.testkit.Await;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Headers;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What of a call is passed on as it is, what is not, and where calls go. */
@ExtendWith(LeakRecorder.Check.class)
final class SemanticsIT {
    private final BlockingQueue<String> seen = new LinkedBlockingQueue<>();
    private ScriptedPeer peer;
    private Proxy proxy;
    private H2Socket client;

    @BeforeEach
    void start() throws IOException {
        peer = new ScriptedPeer(this::serve);
        proxy = new Proxy();
        proxy.directory().put("peer", List.of(peer.address()));
        client = H2Socket.connect(proxy.address());
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        proxy.close();
        peer.close();
    }

    /** Answers a whole request with a 103, a head, a body and trailers; notes all that came. */
    private void serve(H2Socket socket) throws IOException {
        socket.accept();
        while (true) {
            Frame frame = socket.nextOfStream();
            seen.add(frame.is(H2Socket.HEADERS) ? socket.decode(frame).toString() : frame.type() + " " + frame.text());
            if (frame.ends()) {
                socket.headers(frame.stream(), false, ":status", "103", "link", "</style.css>");
                socket.headers(frame.stream(), false, ":status", "404", "server", "peer");
                socket.data(frame.stream(), false, "nothing".getBytes(US_ASCII));
                socket.headers(frame.stream(), true, "checksum", "7");
            }
        }
    }

    @Test
    void headsBodiesAndTrailersPassAsTheyAre() throws Exception {
        client.request(1, false, "PATCH", "peer", "te", "trailers", "cookie", "a=b", "cookie", "c=d");
        client.data(1, false, "what".getBytes(US_ASCII));
        client.headers(1, true, "digest", "5");

        Http2Headers early = client.decode(client.nextOfStream());
        assertThat(early.status()).hasToString("103");
        assertThat(early.get("link")).hasToString("</style.css>");
        Http2Headers head = client.decode(client.nextOfStream());
        assertThat(head.status()).hasToString("404");
        assertThat(head.get("server")).hasToString("peer");
        assertThat(head.size()).isEqualTo(2);
        assertThat(client.nextOfStream().text()).isEqualTo("nothing");
        Frame last = client.nextOfStream();
        assertThat(last.ends()).isTrue();
        assertThat(client.decode(last).get("checksum")).hasToString("7");

        assertThat(seen.poll(5, TimeUnit.SECONDS))
                .contains(":method: PATCH", ":path: /api", ":authority: peer", "te: trailers", "a=b", "c=d")
                .doesNotContain("x-sidestep");
        assertThat(seen.poll(5, TimeUnit.SECONDS)).isEqualTo("0 what");
        assertThat(seen.poll(5, TimeUnit.SECONDS)).contains("digest: 5");
    }

    @Test
    void theEndpointIsNamedOnRequest() throws IOException {
        client.request(1, true, "GET", "peer", "x-sidestep-endpoint", "1");
        client.nextOfStream();
        assertThat(client.decode(client.nextOfStream()).get("x-sidestep-endpoint"))
                .hasToString("127.0.0.1:" + peer.address().getPort());
    }

    @Test
    void aHostThatContradictsTheAuthorityIsRefused() throws IOException {
        client.request(1, true, "GET", "peer", "host", "other");
        assertFailure("400", "AMBIGUOUS_REQUEST");
        assertThat(seen).isEmpty();
    }

    @Test
    void aHostThatRepeatsTheAuthorityIsNot() throws IOException {
        client.request(1, true, "GET", "peer", "host", "Peer");
        assertThat(client.decode(client.nextOfStream()).status()).hasToString("103");
    }

    @Test
    void aRequestToNobodyIsRefused() throws IOException {
        client.headers(1, true, ":method", "GET", ":scheme", "http", ":path", "/");
        assertFailure("400", "AMBIGUOUS_REQUEST");
    }

    @Test
    void userInformationInAnAuthorityIsRefused() throws IOException {
        client.request(1, true, "GET", "me@peer");
        assertFailure("400", "AMBIGUOUS_REQUEST");
    }

    @Test
    void aTunnelIsLeftToHttp1() throws IOException {
        client.headers(1, false, ":method", "CONNECT", ":authority", "peer:80");
        Frame reset = client.nextOfStream();
        assertThat(reset.is(H2Socket.RST_STREAM)).isTrue();
        assertThat(reset.number()).isEqualTo((int) Http2Error.HTTP_1_1_REQUIRED.code());
    }

    @Test
    void whatIsNoServiceGoesWhereItWasGoing() throws IOException {
        client.request(1, true, "GET", "127.0.0.1:" + peer.address().getPort());
        assertThat(client.decode(client.nextOfStream()).status()).hasToString("103");
        client.request(3, true, "GET", "localhost:" + peer.address().getPort());
        do {} while (client.nextOfStream().stream() != 3);
        assertThat(peer.connections).hasValueLessThan(3);
    }

    @Test
    void clientsThatAreNotBalancedShareNoConnection() throws IOException {
        String authority = "127.0.0.1:" + peer.address().getPort();
        client.request(1, true, "GET", authority);
        client.nextOfStream();
        try (var other = H2Socket.connect(proxy.address())) {
            other.request(1, true, "GET", authority);
            other.nextOfStream();
            assertThat(peer.connections).hasValue(2); // Behind a VIP, two pods.
        }
        Await.until("the other's to be closed", Duration.ofSeconds(5), () -> peer.closed.get() == 1);
    }

    @Test
    void whatNobodyAnswersForGoesWhereItWasGoingAfterAMoment() throws IOException {
        try (var impatient = new Proxy(loop -> OriginalDestination.PerRequest.PER_REQUEST, Limits.DEFAULT);
                var caller = H2Socket.connect(impatient.address())) {
            impatient.directory().fallSilent();
            caller.request(1, true, "GET", "localhost:" + peer.address().getPort());
            assertThat(caller.decode(caller.nextOfStream()).status()).hasToString("103");
        }
    }

    @Test
    void aCallToOurselvesIsALoop() throws IOException {
        client.request(1, true, "GET", "127.0.0.1:" + proxy.address().getPort());
        assertFailure("508", "LOOP");
    }

    @Test
    void aServiceWithoutEndpointsThatCannotBeReachedSaysSo() throws IOException {
        proxy.directory().put("empty", List.of());
        client.request(1, true, "GET", "empty");
        assertFailure("503", "NO_ENDPOINTS");
    }

    @Test
    void anErrorInAnswerToHeadHasNoBody() throws IOException {
        client.request(1, true, "HEAD", "127.0.0.1:" + proxy.address().getPort());
        assertThat(client.nextOfStream().ends()).isTrue();
    }

    @Test
    void aHeadThatIsTooLongIsRefusedAlone() throws IOException {
        client.request(1, true, "GET", "peer", "a", "x".repeat(8000)); // Below what one frame takes.
        assertThat(client.decode(client.nextOfStream()).status()).hasToString("103");
        byte[] block = H2Socket.block(
                ":method", "GET", ":scheme", "http", ":path", "/", ":authority", "peer", "a", "x".repeat(8000));
        byte[] more = H2Socket.block("b", "y".repeat(16_000));
        client.send(H2Socket.HEADERS, H2Socket.END_STREAM, 3, block);
        for (int i = 0; i < 4; i++) {
            client.send(H2Socket.CONTINUATION, i == 3 ? H2Socket.END_HEADERS : 0, 3, more);
        }
        Frame frame;
        do {
            frame = client.nextOfStream();
        } while (frame.stream() != 3);
        Http2Headers head = client.decode(frame);
        assertThat(head.status()).hasToString("431");
        assertThat(head.get("x-sidestep-reason")).hasToString("REQUEST_TOO_LARGE");
    }

    @Test
    void aConnectionThatIsToEndFinishesItsCallsFirst() throws IOException {
        client.request(1, false, "POST", "peer");
        assertThat(client.next(H2Socket.SETTINGS).flags()).isZero();
        proxy.loop.drain();
        var ended = new TreeSet<Integer>();
        var lastStreams = new ArrayList<Integer>();
        while (ended.size() < 2) {
            Frame frame = client.read();
            if (frame.is(H2Socket.GOAWAY)) {
                lastStreams.add(frame.number());
                if (lastStreams.size() == 1) {
                    client.request(3, true, "GET", "peer"); // It may not have known yet.
                } else {
                    client.data(1, true, (byte) 'x');
                }
            } else if (frame.is(H2Socket.HEADERS) && frame.ends()) {
                ended.add(frame.stream());
            }
        }
        assertThat(lastStreams).containsExactly(Integer.MAX_VALUE, 3);
        assertThat(client.socket().getInputStream().read()).isEqualTo(-1);
    }

    private void assertFailure(String status, String reason) throws IOException {
        Http2Headers head = client.decode(client.nextOfStream());
        assertThat(head.status()).hasToString(status);
        assertThat(head.get("x-sidestep-reason")).hasToString(reason);
        Frame body = client.nextOfStream();
        assertThat(body.text()).startsWith("sidestep: ").contains(reason).endsWith("\n");
        assertThat(body.text().lines()).hasSize(1);
        assertThat(body.ends()).isTrue();
    }
}
