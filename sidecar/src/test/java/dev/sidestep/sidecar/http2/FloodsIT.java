package dev.sidestep.sidecar.http2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.balancing.Subchannel;
import dev.sidestep.model.TrafficPolicy;
import dev.sidestep.sidecar.LeakRecorder;
import dev.sidestep.sidecar.http2.H2Socket.Frame;
import dev.sidestep.testkit.Await;
import io.netty.handler.codec.http2.Http2Error;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a client can send without end costs it its connection, and nobody else anything. */
@ExtendWith(LeakRecorder.Check.class)
final class FloodsIT {
    private final PlainServer server = new PlainServer();
    private Proxy proxy;
    private H2Socket client;
    private H2Socket bystander;

    @BeforeEach
    void start() throws IOException {
        proxy = new Proxy();
        proxy.directory().put("peer", List.of(server.address()));
        client = H2Socket.connect(proxy.address());
        bystander = H2Socket.connect(proxy.address());
        bystander.request(1, true, "GET", "peer");
        assertThat(bystander.decode(bystander.nextOfStream()).status()).hasToString("200");
        bystander.nextOfStream();
    }

    @AfterEach
    void stop() throws IOException {
        try {
            bystander.request(5, true, "GET", "peer");
            assertThat(bystander.decode(bystander.nextOfStream()).status()).hasToString("200");
        } finally {
            client.close();
            bystander.close();
            proxy.close();
            server.close();
        }
    }

    @Test
    void callsThatAreResetAtOnceByTheThousand() {
        byte[] head = H2Socket.block(":method", "GET", ":scheme", "http", ":path", "/", ":authority", "peer");
        assertEndedFor(Http2Error.ENHANCE_YOUR_CALM, i -> {
            client.write(H2Socket.HEADERS, H2Socket.END_HEADERS | H2Socket.END_STREAM, 2 * i + 1, head);
            client.write(H2Socket.RST_STREAM, 0, 2 * i + 1, (byte) 0, (byte) 0, (byte) 0, (byte) 8);
        });
    }

    @Test
    void resetsThatItMakesUsSendByTheThousand() { // "MadeYouReset", CVE-2025-8671
        byte[] head = H2Socket.block(":method", "GET", ":scheme", "http", ":path", "/", ":authority", "peer");
        assertEndedFor(Http2Error.ENHANCE_YOUR_CALM, i -> {
            client.write(H2Socket.HEADERS, H2Socket.END_HEADERS | H2Socket.END_STREAM, 2 * i + 1, head);
            client.write(H2Socket.WINDOW_UPDATE, 0, 2 * i + 1, (byte) 0, (byte) 0, (byte) 0, (byte) 0);
        });
    }

    @Test
    void aHeadThatNeverEnds() {
        assertEndedFor(
                Http2Error.ENHANCE_YOUR_CALM,
                i -> client.write(i == 0 ? H2Socket.HEADERS : H2Socket.CONTINUATION, 0, 1, H2Socket.block("a", "b")));
    }

    @Test
    void aHeadThatNeverEndsInFullFrames() {
        byte[] block = H2Socket.block("a", "b".repeat(16_000));
        assertEndedFor(
                Http2Error.PROTOCOL_ERROR,
                i -> client.write(i == 0 ? H2Socket.HEADERS : H2Socket.CONTINUATION, 0, 1, block));
    }

    @Test
    void pingsWithoutEnd() {
        assertEndedFor(Http2Error.ENHANCE_YOUR_CALM, i -> client.write(H2Socket.PING, 0, 0, new byte[8]));
    }

    @Test
    void settingsWithoutEnd() {
        assertEndedFor(Http2Error.ENHANCE_YOUR_CALM, i -> client.write(H2Socket.SETTINGS, 0, 0));
    }

    @Test
    void dataFramesWithoutData() throws IOException {
        client.request(1, false, "POST", "peer");
        assertEndedFor(Http2Error.ENHANCE_YOUR_CALM, i -> client.write(H2Socket.DATA, 0, 1));
    }

    @Test
    void moreCallsAtOnceThanItMayHaveOpen() throws IOException {
        for (int i = 0; i <= Codec.CLIENT_STREAMS; i++) {
            client.request(2 * i + 1, false, "POST", "peer");
        }
        Frame refused = client.nextOfStream();
        assertThat(refused.is(H2Socket.RST_STREAM)).isTrue();
        assertThat(refused.stream()).isEqualTo(2 * Codec.CLIENT_STREAMS + 1);
        assertThat(refused.number()).isEqualTo((int) Http2Error.REFUSED_STREAM.code());
    }

    @Test
    void callsWhoseResponsesAreNotRead() throws Exception {
        var answered = new AtomicInteger();
        try (var verbose = new ScriptedPeer(socket -> {
            socket.accept();
            while (true) {
                socket.headers(socket.next(H2Socket.HEADERS).stream(), true, longHead(answered.incrementAndGet()));
            }
        })) {
            proxy.directory().put("verbose", List.of(verbose.address()));
            client.close();
            client = H2Socket.connect(proxy.address(), 16 << 10);
            for (int i = 0; i < 600; i++) {
                client.request(2 * i + 1, true, "GET", "verbose");
            }
            var destination = proxy.loop.target("verbose", 80).destination();
            Await.until(
                    "all responses to be there",
                    Duration.ofSeconds(20),
                    () -> answered.get() == 600
                            && destination.pick() instanceof Subchannel endpoint
                            && endpoint.inFlight() == 0);
            client.request(1201, true, "GET", "verbose");
            assertThat(client.next(H2Socket.GOAWAY).goAwayCode()).isEqualTo((int) Http2Error.ENHANCE_YOUR_CALM.code());
        }
    }

    /** Some 15 KiB that no table and no code makes shorter. */
    private static String[] longHead(int number) {
        var head = new ArrayList<>(List.of(":status", "204"));
        for (int i = 0; i < 30; i++) {
            head.add("a" + i);
            head.add(number + "x".repeat(480));
        }
        return head.toArray(String[]::new);
    }

    @Test
    void aCallThatTakesTooLongEndsByItsDeadline() throws IOException {
        var usual = TrafficPolicy.DEFAULT;
        var policy = new TrafficPolicy(
                usual.mode(),
                usual.protocol(),
                usual.balancer(),
                usual.ejection(),
                usual.retry(),
                usual.connectTimeout(),
                Optional.of(Duration.ofMillis(200)),
                Optional.empty(),
                usual.localOnly(),
                usual.affinityTimeout());
        try (var hung = new ScriptedPeer(socket -> {
            socket.accept();
            while (true) {
                socket.next(H2Socket.PING);
            }
        })) {
            proxy.directory().put("hung", List.of(Directory.ready(hung.address())), policy);
            client.request(1, true, "GET", "hung");
            var head = client.decode(client.nextOfStream());
            assertThat(head.status()).hasToString("504");
            assertThat(head.get("x-sidestep-reason")).hasToString("DEADLINE");
        }
    }

    private interface Step {
        void send(int number) throws IOException;
    }

    private void assertEndedFor(Http2Error error, Step step) {
        try {
            for (int i = 0; i < 50_000; i++) {
                step.send(i);
            }
            client.flush();
        } catch (IOException closed) {
            // As it should be; what was said before is there to be read.
        }
        try {
            Frame goAway = client.next(H2Socket.GOAWAY);
            assertThat(goAway.goAwayCode()).isEqualTo((int) error.code());
        } catch (EOFException | SocketException closed) {
            // The reset that a close with unread bytes brings may overtake the GOAWAY.
        } catch (IOException e) {
            throw new AssertionError("neither GOAWAY nor a close", e);
        }
    }
}
