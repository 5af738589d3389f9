package dev.sidestep.sidecar.http2;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.sidecar.LeakRecorder;
import dev.sidestep.sidecar.http2.H2Socket.Frame;
import dev.sidestep.testkit.Await;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Headers;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What becomes of a call whose endpoint fails it, by everything that RFC 9113 and TCP have for that. */
@ExtendWith(LeakRecorder.Check.class)
final class FaultsIT {
    private static final String[] GRPC = {"content-type", "application/grpc", "te", "trailers"};

    private final List<ScriptedPeer> peers = new ArrayList<>();
    private Proxy proxy;
    private H2Socket client;
    private int stream = -1;

    @BeforeEach
    void start() throws IOException {
        proxy = new Proxy();
        client = H2Socket.connect(proxy.address());
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        proxy.close();
        for (ScriptedPeer peer : peers) {
            peer.close();
        }
    }

    @Test
    void aRefusedStreamIsMadeElsewhereWhateverItsMethod() throws IOException {
        endpoints(
                socket -> {
                    socket.accept();
                    while (true) {
                        socket.number(H2Socket.RST_STREAM, socket.next(H2Socket.HEADERS).stream(), 7);
                    }
                },
                FaultsIT::echoAttempt);
        assertThat(bodies(4, "POST", true))
                .isSubsetOf("attempt 2", "attempt null")
                .contains("attempt 2");
    }

    @Test
    void aStreamThatGoAwayLeavesOutIsMadeElsewhereWithItsBody() throws IOException {
        endpoints(
                socket -> {
                    socket.accept();
                    socket.next(H2Socket.DATA);
                    socket.goAway(0, 0);
                    socket.next(H2Socket.DATA); // Keeps the connection open.
                },
                FaultsIT::echoAttempt);
        assertThat(bodies(4, "POST", false))
                .isSubsetOf("attempt 2 abc", "attempt null abc")
                .contains("attempt 2 abc");
    }

    @Test
    void aGetWhoseConnectionBreaksIsMadeElsewhere() throws IOException {
        endpoints(FaultsIT::breakAfterHead, FaultsIT::echoAttempt);
        assertThat(bodies(4, "GET", true))
                .isSubsetOf("attempt 2", "attempt null")
                .contains("attempt 2");
    }

    @Test
    void aPostWhoseConnectionBreaksFailsWithItsReason() throws IOException {
        endpoints(FaultsIT::breakAfterHead);
        client.request(next(), true, "POST", "peer");
        Http2Headers head = client.decode(client.nextOfStream());
        assertThat(head.status()).hasToString("502");
        assertThat(head.get("x-sidestep-reason")).hasToString("RESET_AFTER_SEND");
        assertThat(client.nextOfStream().text())
                .isEqualTo("sidestep: peer:80: RESET_AFTER_SEND, tried "
                        + "127.0.0.1:" + peers.get(0).address().getPort()
                        + "; ask: sidestep why peer --admin 127.0.0.1:16000\n");
    }

    @Test
    void aGrpcCallWhoseConnectionBreaksFailsAsGrpcDoes() throws IOException {
        endpoints(FaultsIT::breakAfterHead);
        client.request(next(), true, "POST", "peer", GRPC);
        Frame only = client.nextOfStream();
        Http2Headers head = client.decode(only);
        assertThat(only.ends()).isTrue();
        assertThat(head.status()).hasToString("200");
        assertThat(head.get("grpc-status")).hasToString("14");
        assertThat(head.get("grpc-message").toString()).contains("RESET_AFTER_SEND", "peer:80", "sidestep why");
        assertThat(head.get("x-sidestep-reason")).hasToString("RESET_AFTER_SEND");
    }

    @Test
    void aGrpcResponseThatBreaksOffEndsWithAStatus() throws IOException {
        endpoints(socket -> {
            socket.accept();
            int id = socket.next(H2Socket.HEADERS).stream();
            socket.headers(id, false, ":status", "200", "content-type", "application/grpc");
            socket.data(id, false, (byte) 0, (byte) 0, (byte) 0, (byte) 0, (byte) 0);
            socket.close();
        });
        client.request(next(), true, "POST", "peer", GRPC);
        assertThat(client.decode(client.nextOfStream()).status()).hasToString("200");
        assertThat(client.nextOfStream().payload()).hasSize(5);
        Frame last = client.nextOfStream();
        assertThat(last.ends()).isTrue();
        assertThat(client.decode(last).get("grpc-status")).hasToString("14");
    }

    @Test
    void anotherResponseThatBreaksOffIsReset() throws IOException {
        endpoints(socket -> {
            socket.accept();
            socket.headers(socket.next(H2Socket.HEADERS).stream(), false, ":status", "200");
            socket.close();
        });
        client.request(next(), true, "GET", "peer");
        assertThat(client.decode(client.nextOfStream()).status()).hasToString("200");
        assertThat(client.nextOfStream().is(H2Socket.RST_STREAM)).isTrue();
    }

    @Test
    void aResetOfASentPostMeansToItsClientWhatTheServerSaid() throws IOException {
        endpoints(socket -> {
            socket.accept();
            while (true) {
                socket.number(H2Socket.RST_STREAM, socket.next(H2Socket.HEADERS).stream(), 11);
            }
        });
        client.request(next(), true, "POST", "peer");
        Frame reset = client.nextOfStream();
        assertThat(reset.is(H2Socket.RST_STREAM)).isTrue();
        assertThat(reset.number()).isEqualTo((int) Http2Error.ENHANCE_YOUR_CALM.code());
    }

    @Test
    void anEndpointThatRefusesConnectionsCostsNoCall() throws IOException {
        InetSocketAddress closed;
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            closed = (InetSocketAddress) socket.getLocalSocketAddress();
        }
        peers.add(ScriptedPeer.answering("there"));
        proxy.directory().put("peer", List.of(closed, peers.get(0).address()));
        assertThat(bodies(4, "POST", true)).containsOnly("there");
    }

    @Test
    void anEndpointThatAcceptsAndSaysNothingCostsTimeButNoCall() throws IOException {
        endpoints(socket -> socket.read(), ScriptedPeer.answering("there"));
        assertThat(bodies(2, "POST", true)).containsOnly("there");
    }

    @Test
    void anEndpointThatIsSlowToSayHelloIsWaitedForIfItIsTheOnlyOne() throws IOException {
        endpoints(socket -> {
            assertThat(socket.preface()).isTrue();
            // The proxy's own clock tells when connections should long have stood.
            proxy.loop
                    .eventLoop()
                    .schedule(() -> {}, 1100, TimeUnit.MILLISECONDS)
                    .syncUninterruptibly();
            socket.settings();
            ScriptedPeer.answer(socket, socket.next(H2Socket.HEADERS).stream(), "late");
            socket.next(H2Socket.DATA);
        });
        assertThat(bodies(1, "POST", true)).containsOnly("late");
        assertThat(peers.get(0).connections).hasValue(1);
    }

    @Test
    void anEndpointThatSpeaksAnotherProtocolIsNamed() throws IOException {
        endpoints(socket -> {
            socket.socket().getOutputStream().write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(US_ASCII));
            socket.read();
        });
        client.request(next(), true, "POST", "peer");
        Http2Headers head = client.decode(client.nextOfStream());
        assertThat(head.status()).hasToString("502");
        assertThat(head.get("x-sidestep-reason")).hasToString("BAD_RESPONSE");
    }

    @Test
    void aBodyLargerThanWhatIsKeptIsSentOnce() throws Exception {
        var sent = new CountDownLatch(1);
        endpoints(socket -> {
            socket.accept();
            int read = 0;
            while (read < 80_000) {
                Frame frame = socket.read();
                if (frame.is(H2Socket.DATA)) {
                    read += frame.payload().length;
                    socket.number(H2Socket.WINDOW_UPDATE, 0, frame.payload().length);
                    socket.number(H2Socket.WINDOW_UPDATE, frame.stream(), frame.payload().length);
                }
            }
            sent.countDown();
            socket.goAway(0, 0);
            socket.next(H2Socket.DATA);
        });
        client.request(next(), false, "POST", "peer");
        for (int i = 0; i < 6; i++) {
            client.data(stream, false, new byte[10_000]);
        }
        for (int credited = 0; credited < 20_000; ) {
            Frame credit = client.next(H2Socket.WINDOW_UPDATE);
            credited += credit.stream() == stream ? credit.number() : 0;
        }
        client.data(stream, false, new byte[10_000]);
        client.data(stream, false, new byte[10_000]);
        sent.await();
        Frame reset = client.nextOfStream();
        assertThat(reset.is(H2Socket.RST_STREAM)).isTrue();
        assertThat(reset.number()).isEqualTo((int) Http2Error.REFUSED_STREAM.code());
    }

    @Test
    void aConnectionThatAnswersNoPingGivesItsGetsBackAndGetsNoMore() throws IOException {
        var stopped = new AtomicBoolean();
        endpoints(
                socket -> {
                    if (!stopped.getAndSet(true)) {
                        socket.accept();
                    }
                    while (true) {
                        socket.read(); // A process that was stopped after it had said hello once.
                    }
                },
                ScriptedPeer.answering("there"));
        assertThat(bodies(2, "GET", true)).containsOnly("there");
        assertThat(bodies(2, "POST", true)).containsOnly("there");
    }

    @Test
    void callsBeyondWhatAConnectionAllowsGoOnAnother() throws IOException {
        var all = new CountDownLatch(6);
        endpoints(socket -> {
            socket.accept(3, 2); // MAX_CONCURRENT_STREAMS
            int one = socket.next(H2Socket.HEADERS).stream();
            all.countDown();
            int other = socket.next(H2Socket.HEADERS).stream();
            all.countDown();
            awaitQuietly(all);
            ScriptedPeer.answer(socket, one, "ok");
            ScriptedPeer.answer(socket, other, "ok");
            socket.next(H2Socket.DATA);
        });
        for (int i = 0; i < 6; i++) {
            client.request(next(), true, "GET", "peer");
        }
        for (int i = 0; i < 12; i++) {
            client.nextOfStream();
        }
        assertThat(peers.get(0).connections).hasValue(3);
    }

    @Test
    void aServerThatEndsItsResponseEarlyStopsTheRequest() throws IOException {
        endpoints(socket -> {
            socket.accept();
            int id = socket.next(H2Socket.HEADERS).stream();
            socket.headers(id, true, ":status", "413");
            socket.number(H2Socket.RST_STREAM, id, 0);
            socket.next(H2Socket.DATA);
        });
        client.request(next(), false, "POST", "peer");
        Frame head = client.nextOfStream();
        assertThat(client.decode(head).status()).hasToString("413");
        assertThat(head.ends()).isTrue();
        Frame reset = client.nextOfStream();
        assertThat(reset.is(H2Socket.RST_STREAM)).isTrue();
        assertThat(reset.number()).isZero();
    }

    @Test
    void whatASlowClientDoesNotReadStaysAtTheServer() throws Exception {
        var sent = new AtomicLong();
        endpoints(socket -> {
            socket.accept();
            int id = socket.next(H2Socket.HEADERS).stream();
            socket.headers(id, false, ":status", "200");
            sendWithinWindow(socket, id, sent);
        });
        client.request(next(), true, "GET", "peer");
        assertThat(client.decode(client.nextOfStream()).status()).hasToString("200");
        // The client's window is its initial one; it takes that and gives no credit.
        Await.until("a full window", Duration.ofSeconds(5), () -> sent.get() > Codec.STREAM_WINDOW - 1000);

        // Others on the same two connections go on.
        client.request(next(), true, "GET", "peer");
        client.number(H2Socket.WINDOW_UPDATE, 0, 1 << 20);
        Frame frame;
        do {
            frame = client.nextOfStream();
        } while (frame.stream() != stream);
        assertThat(client.decode(frame).status()).hasToString("204");
        assertThat(sent.get()).isLessThanOrEqualTo(2L * Codec.STREAM_WINDOW);
    }

    @Test
    void whatASlowServerDoesNotReadStaysAtTheClient() throws Exception {
        endpoints(socket -> {
            socket.accept();
            int held = socket.next(H2Socket.HEADERS).stream();
            while (true) { // Gives no credit for the first stream; answers the others.
                Frame frame = socket.next(H2Socket.HEADERS);
                assertThat(frame.stream()).isGreaterThan(held);
                socket.headers(frame.stream(), true, ":status", "204");
            }
        });
        client.request(next(), false, "POST", "peer");
        int sentBytes = 0;
        long window = Codec.STREAM_WINDOW;
        client.socket().setSoTimeout(500);
        try {
            while (sentBytes < 10_000_000) {
                while (window >= 1000) {
                    client.data(1, false, new byte[1000]);
                    sentBytes += 1000;
                    window -= 1000;
                }
                Frame frame = client.read();
                window += frame.is(H2Socket.WINDOW_UPDATE) && frame.stream() == 1 ? frame.number() : 0;
            }
        } catch (SocketTimeoutException noCredit) {
            client.socket().setSoTimeout(10_000);
        }
        // One window on the way to the server, one held for it.
        assertThat(sentBytes).isLessThanOrEqualTo(2 * Codec.STREAM_WINDOW);
        client.request(next(), true, "GET", "peer");
        Frame answer = client.nextOfStream();
        assertThat(client.decode(answer).status()).hasToString("204");
    }

    /** Sends until the windows are used up, and answers other streams with 204. */
    private static void sendWithinWindow(H2Socket socket, int id, AtomicLong sent) throws IOException {
        long window = 65_535;
        while (true) {
            while (window - sent.get() >= 1000) {
                socket.data(id, false, new byte[1000]);
                sent.addAndGet(1000);
            }
            Frame frame = socket.read();
            if (frame.is(H2Socket.WINDOW_UPDATE) && frame.stream() == id) {
                window += frame.number();
            } else if (frame.is(H2Socket.HEADERS)) {
                socket.headers(frame.stream(), true, ":status", "204");
            }
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void breakAfterHead(H2Socket socket) throws IOException {
        socket.accept();
        socket.next(H2Socket.HEADERS);
        socket.socket().setSoLinger(true, 0);
        socket.close();
    }

    /** Answers with the attempt's number and the body. */
    private static void echoAttempt(H2Socket socket) throws IOException {
        socket.accept();
        while (true) {
            Frame frame = socket.next(H2Socket.HEADERS);
            String body = "attempt " + socket.decode(frame).get("x-sidestep-attempt");
            while (!frame.ends()) {
                frame = socket.next(H2Socket.DATA);
                body += frame.payload().length == 0 ? "" : " " + frame.text();
            }
            ScriptedPeer.answer(socket, frame.stream(), body);
        }
    }

    private List<String> bodies(int calls, String method, boolean empty) throws IOException {
        var bodies = new ArrayList<String>();
        for (int i = 0; i < calls; i++) {
            client.request(next(), empty, method, "peer");
            if (!empty) {
                client.data(stream, true, "abc".getBytes(US_ASCII));
            }
            Frame head = client.nextOfStream();
            assertThat(head.is(H2Socket.HEADERS))
                    .as("frame of type %s", head.type())
                    .isTrue();
            Http2Headers decoded = client.decode(head);
            assertThat(decoded.status()).as("%s", decoded).hasToString("200");
            bodies.add(client.nextOfStream().text());
        }
        return bodies;
    }

    private int next() {
        stream += 2;
        return stream;
    }

    private void endpoints(ScriptedPeer.Script... scripts) throws IOException {
        for (ScriptedPeer.Script script : scripts) {
            peers.add(new ScriptedPeer(script));
        }
        list();
    }

    private void endpoints(ScriptedPeer.Script script, ScriptedPeer other) throws IOException {
        peers.add(new ScriptedPeer(script));
        peers.add(other);
        list();
    }

    private void list() {
        proxy.directory().put("peer", peers.stream().map(ScriptedPeer::address).toList());
    }
}
