package dev.sidestep.sidecar.http2;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sidestep.model.Endpoint;
import dev.sidestep.model.TrafficPolicy;
import dev.sidestep.model.TrafficPolicy.Retry.On;
import dev.sidestep.sidecar.BlackHole;
import dev.sidestep.sidecar.LeakRecorder;
import dev.sidestep.sidecar.Policies;
import dev.sidestep.sidecar.http2.H2Socket.Frame;
import dev.sidestep.testkit.Await;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.netty.handler.codec.http2.Http2Headers;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Which calls are made again elsewhere, which are not, and what their callers see. */
@ExtendWith(LeakRecorder.Check.class)
final class RetriesIT {
    private static final String[] GRPC = {"content-type", "application/grpc", "te", "trailers"};

    private final List<AutoCloseable> peers = new ArrayList<>();
    private Proxy proxy;
    private H2Socket client;
    private int stream = -1;

    @BeforeEach
    void start() throws IOException {
        proxy = new Proxy();
        client = H2Socket.connect(proxy.address());
    }

    @AfterEach
    void stop() throws Exception {
        client.close();
        proxy.close();
        for (AutoCloseable peer : peers) {
            peer.close();
        }
    }

    private void serve(TrafficPolicy policy, InetSocketAddress... addresses) {
        List<Endpoint> endpoints =
                List.of(addresses).stream().map(Directory::ready).toList();
        proxy.directory().put("peer", endpoints, policy);
    }

    private ScriptedPeer peer(ScriptedPeer.Script script) throws IOException {
        var peer = new ScriptedPeer(script);
        peers.add(peer);
        return peer;
    }

    private int next() {
        stream += 2;
        return stream;
    }

    /** Answers every request with {@code status} and a body, and counts the resets that it sees. */
    private ScriptedPeer failing(String status, AtomicInteger resets) throws IOException {
        return peer(socket -> {
            socket.accept();
            while (true) {
                Frame frame = socket.nextOfStream();
                if (frame.is(H2Socket.RST_STREAM)) {
                    resets.incrementAndGet();
                } else if (frame.ends()) {
                    socket.headers(frame.stream(), false, ":status", status);
                    socket.data(frame.stream(), false, "try ".getBytes(US_ASCII));
                    socket.data(frame.stream(), true, "not".getBytes(US_ASCII));
                }
            }
        });
    }

    /** Answers with the method, the attempt's number and the body. */
    private ScriptedPeer echo() throws IOException {
        return peer(socket -> {
            socket.accept();
            while (true) {
                Frame frame = socket.next(H2Socket.HEADERS);
                Http2Headers head = socket.decode(frame);
                String text = head.method() + " " + head.get("x-sidestep-attempt");
                while (!frame.ends()) {
                    frame = socket.next(H2Socket.DATA);
                    text += frame.payload().length == 0 ? "" : " " + frame.text();
                }
                ScriptedPeer.answer(socket, frame.stream(), text);
            }
        });
    }

    /** The status of the answer to a call with this body, and the answer's own body behind it. */
    private String call(String method, String body) throws IOException {
        client.request(next(), body.isEmpty(), method, "peer");
        if (!body.isEmpty()) {
            client.data(stream, true, body.getBytes(US_ASCII));
        }
        return answer();
    }

    private String answer() throws IOException {
        Frame frame = client.nextOfStream();
        assertThat(frame.is(H2Socket.HEADERS))
                .as("frame of type %s", frame.type())
                .isTrue();
        var answer = new StringBuilder(client.decode(frame).status());
        if (!frame.ends()) {
            answer.append(' ');
        }
        while (!frame.ends()) {
            frame = client.nextOfStream();
            answer.append(frame.text());
        }
        return answer.toString();
    }

    @Test
    void aCallAnsweredBy503IsMadeElsewhereWhateverItsMethodAndItsAnswerIsReadAway() throws IOException {
        var resets = new AtomicInteger();
        serve(Policies.retrying(On.SERVER_ERROR), failing("503", resets).address(), echo().address());
        Set<String> answers = new TreeSet<>();
        for (int i = 0; i < 4; i++) {
            answers.add(call("GET", ""));
            answers.add(call("GET", ""));
            answers.add(call("POST", "abc"));
        }
        assertThat(answers)
                .isSubsetOf("200 GET null", "200 GET 2", "200 POST null abc", "200 POST 2 abc")
                .contains("200 POST 2 abc");
        assertThat(resets).hasValue(0);
    }

    @Test
    void withoutAWordForItAnAnswerOf503IsTheCallers() throws IOException {
        serve(TrafficPolicy.DEFAULT, failing("503", new AtomicInteger()).address(), echo().address());
        assertThat(List.of(call("GET", ""), call("GET", ""))).contains("503 try not", "200 GET null");
    }

    @Test
    void anAnswerThatNobodyWantsAndThatDoesNotEndIsReset() throws Exception {
        var reset = new CountDownLatch(1);
        ScriptedPeer endless = peer(socket -> {
            socket.accept();
            while (true) {
                Frame frame = socket.nextOfStream();
                if (frame.is(H2Socket.RST_STREAM)) {
                    reset.countDown();
                } else {
                    socket.headers(frame.stream(), false, ":status", "503");
                }
            }
        });
        serve(Policies.retrying(On.GATEWAY_ERROR), endless.address(), echo().address());
        assertThat(List.of(call("GET", ""), call("GET", ""))).contains("200 GET 2");
        assertThat(reset.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aBodyLargerThanWhatIsKeptIsSentOnceAndItsAnswerPassedOn() throws IOException {
        ScriptedPeer failing = peer(socket -> {
            socket.accept();
            while (true) {
                Frame frame = socket.nextOfStream();
                if (frame.is(H2Socket.DATA) && frame.payload().length > 0) {
                    socket.number(H2Socket.WINDOW_UPDATE, 0, frame.payload().length);
                    socket.number(H2Socket.WINDOW_UPDATE, frame.stream(), frame.payload().length);
                }
                if (frame.ends()) {
                    socket.headers(frame.stream(), true, ":status", "503");
                }
            }
        });
        serve(Policies.retrying(On.SERVER_ERROR), failing.address());
        client.request(next(), false, "POST", "peer");
        for (int i = 0; i < 6; i++) {
            client.data(stream, false, new byte[10_000]);
        }
        for (int credited = 0; credited < 20_000; ) {
            Frame credit = client.next(H2Socket.WINDOW_UPDATE);
            credited += credit.stream() == stream ? credit.number() : 0;
        }
        serve(Policies.retrying(On.SERVER_ERROR), failing.address(), echo().address());
        client.data(stream, false, new byte[10_000]);
        client.data(stream, true, new byte[10_000]);
        assertThat(answer()).isEqualTo("503");
    }

    @Test
    void theLastAttemptsAnswerIsWhatTheCallerGets() throws IOException {
        var resets = new AtomicInteger();
        serve(
                Policies.retrying(On.SERVER_ERROR),
                failing("503", resets).address(),
                failing("503", resets).address(),
                failing("503", resets).address());
        assertThat(call("POST", "abc")).isEqualTo("503 try not");
    }

    @Test
    void aPostIsResentAfterAResetOnlyWhereAWordSaysSo() throws IOException {
        ScriptedPeer breaking = peer(socket -> {
            socket.accept();
            socket.next(H2Socket.DATA);
            socket.socket().setSoLinger(true, 0);
            socket.close();
        });
        serve(Policies.retrying(On.SERVER_ERROR), breaking.address(), echo().address());
        assertThat(List.of(call("POST", "abc"), call("POST", "abc"))).contains("200 POST 2 abc");
    }

    @Test
    void aGrpcStatusThatIsNamedIsTriedAgainAndItsLastAnswerPassedOn() throws IOException {
        List<GrpcPeer> servers = grpcPeers(3);
        serve(Policies.retrying(On.SAFE, On.GRPC_UNAVAILABLE), addresses(servers));
        assertFails(GrpcPeer.FAIL, new byte[] {14}, Status.Code.UNAVAILABLE);
        assertThat(calls(servers)).isEqualTo(3);
        assertFails(GrpcPeer.FAIL, new byte[] {13}, Status.Code.INTERNAL);
        assertThat(calls(servers)).isEqualTo(4);
    }

    @Test
    void aGrpcStatusThatIsNotNamedIsTheCallers() throws IOException {
        List<GrpcPeer> servers = grpcPeers(2);
        serve(TrafficPolicy.DEFAULT, addresses(servers));
        assertFails(GrpcPeer.FAIL, new byte[] {14}, Status.Code.UNAVAILABLE);
        assertThat(calls(servers)).isEqualTo(1);
    }

    /** One server says that it is unavailable; the other answers. */
    @Test
    void aGrpcCallThatFindsOneServerUnavailableIsMadeAtAnother() throws IOException {
        ScriptedPeer unavailable = peer(socket -> {
            socket.accept();
            while (true) {
                Frame frame = socket.nextOfStream();
                if (frame.ends()) {
                    socket.headers(
                            frame.stream(),
                            true,
                            ":status",
                            "200",
                            "content-type",
                            "application/grpc",
                            "grpc-status",
                            "14");
                }
            }
        });
        List<GrpcPeer> servers = grpcPeers(1);
        serve(
                Policies.retrying(On.GRPC_UNAVAILABLE),
                unavailable.address(),
                servers.get(0).address());
        ManagedChannel channel = channel();
        for (int i = 0; i < 6; i++) {
            assertThat(ClientCalls.blockingUnaryCall(channel, GrpcPeer.ECHO, CallOptions.DEFAULT, new byte[] {7}))
                    .containsExactly(7);
        }
        assertThat(servers.get(0).attempts).hasValue(2);
    }

    @Test
    void aGrpcCallThatTakesTooLongEndsWithItsStatus() throws IOException {
        List<GrpcPeer> servers = grpcPeers(2);
        serve(Policies.limitingAttempts(Duration.ofMillis(200)), addresses(servers));
        assertFails(GrpcPeer.HANG, new byte[0], Status.Code.DEADLINE_EXCEEDED);
        assertThat(calls(servers)).isEqualTo(1);
        Await.until(
                "it is cancelled there",
                Duration.ofSeconds(5),
                () -> servers.stream().mapToInt(it -> it.cancelled.get()).sum() == 1);
    }

    @Test
    void aGetThatTakesTooLongAtOneEndpointIsMadeAtAnother() throws IOException {
        ScriptedPeer hung = silent();
        serve(Policies.limitingAttempts(Duration.ofMillis(200)), hung.address(), echo().address());
        assertThat(List.of(call("GET", ""), call("GET", ""))).contains("200 GET 2");
    }

    @Test
    void aResponseThatIsNotWholeInTimeIsCutOff() throws IOException {
        ScriptedPeer slow = peer(socket -> {
            socket.accept();
            int id = socket.next(H2Socket.HEADERS).stream();
            socket.headers(id, false, ":status", "200");
            socket.next(H2Socket.DATA);
        });
        serve(Policies.limitingAttempts(Duration.ofMillis(200)), slow.address());
        client.request(next(), true, "GET", "peer");
        assertThat(client.decode(client.nextOfStream()).status()).hasToString("200");
        assertThat(client.nextOfStream().is(H2Socket.RST_STREAM)).isTrue();
    }

    @Test
    void anEndpointInABlackHoleCostsAConnectTimeoutAndNoCall() throws IOException {
        try (BlackHole hole = new BlackHole()) {
            serve(TrafficPolicy.DEFAULT, hole.address(), echo().address());
            assertThat(List.of(call("POST", "abc"), call("POST", "abc"))).contains("200 POST 2 abc");
        }
    }

    /** It answers PINGs, as a process does whose workers are all stuck, so only the judge can tell. */
    private ScriptedPeer silent() throws IOException {
        return peer(socket -> {
            socket.accept();
            while (true) {
                socket.nextOfStream();
            }
        });
    }

    @Test
    void noSafeCallIsLostToAHungEndpointAndWhatMayNotBeMovedIsStillAnsweredThere() throws Exception {
        var held = new AtomicInteger();
        ScriptedPeer hung = peer(socket -> {
            socket.accept();
            List<Integer> posts = new ArrayList<>();
            int taken = 0;
            while (taken < 20) {
                Frame frame = socket.nextOfStream();
                if (frame.is(H2Socket.RST_STREAM)) {
                    taken++;
                } else if (socket.decode(frame).method().toString().equals("POST")) {
                    posts.add(frame.stream());
                }
                held.incrementAndGet();
            }
            for (int id : posts) {
                ScriptedPeer.answer(socket, id, "late");
            }
            socket.next(H2Socket.DATA);
        });
        serve(TrafficPolicy.DEFAULT, hung.address());
        for (int i = 0; i < 20; i++) {
            client.request(next(), true, "GET", "peer");
        }
        for (int i = 0; i < 3; i++) {
            client.request(next(), true, "POST", "peer", GRPC);
        }
        Await.until("they hang", Duration.ofSeconds(5), () -> held.get() == 23);
        serve(TrafficPolicy.DEFAULT, hung.address(), echo().address(), echo().address());

        Map<Integer, String> answers = new TreeMap<>();
        client.socket().setSoTimeout(50);
        try (H2Socket other = H2Socket.connect(proxy.address())) {
            for (int id = 1; answers.size() < 23; id += 2) {
                other.request(id, true, "GET", "peer"); // The others answer meanwhile, or else nobody would be suspect.
                readAnswers(answers);
            }
        }
        assertThat(answers.values().stream().filter(it -> it.equals("GET 2"))).hasSize(20);
        assertThat(answers.values().stream().filter(it -> it.equals("late"))).hasSize(3);
    }

    /** Adds what is answered by stream, until nothing has come for a moment. */
    private void readAnswers(Map<Integer, String> answers) throws IOException {
        try {
            while (true) {
                Frame frame = client.nextOfStream();
                assertThat(frame.is(H2Socket.RST_STREAM)).isFalse();
                if (frame.is(H2Socket.HEADERS)) {
                    assertThat(client.decode(frame).status()).hasToString("200");
                } else {
                    answers.merge(frame.stream(), frame.text(), String::concat);
                }
            }
        } catch (SocketTimeoutException nothingMore) {
            // For now.
        }
    }

    private List<GrpcPeer> grpcPeers(int count) throws IOException {
        var servers = new ArrayList<GrpcPeer>();
        for (int i = 0; i < count; i++) {
            servers.add(new GrpcPeer("server"));
        }
        peers.addAll(servers);
        return servers;
    }

    private static InetSocketAddress[] addresses(List<GrpcPeer> servers) {
        return servers.stream().map(GrpcPeer::address).toArray(InetSocketAddress[]::new);
    }

    private static int calls(List<GrpcPeer> servers) {
        return servers.stream().mapToInt(server -> server.calls.get()).sum();
    }

    private ManagedChannel channel() {
        ManagedChannel channel = NettyChannelBuilder.forAddress(proxy.address())
                .overrideAuthority("peer")
                .usePlaintext()
                .build();
        peers.add(channel::shutdownNow);
        return channel;
    }

    private void assertFails(MethodDescriptor<byte[], byte[]> method, byte[] request, Status.Code code) {
        assertThatThrownBy(() -> ClientCalls.blockingUnaryCall(channel(), method, CallOptions.DEFAULT, request))
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        e -> assertThat(e.getStatus().getCode()).isEqualTo(code));
    }
}
