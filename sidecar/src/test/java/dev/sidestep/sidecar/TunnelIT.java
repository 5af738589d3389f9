package dev.sidestep.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sidestep.model.Mode;
import dev.sidestep.model.Protocol;
import dev.sidestep.model.TrafficPolicy;
import dev.sidestep.sidecar.loop.Limits;
import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.FakeUpstream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What goes through CONNECT: HTTP by request, all else by connection. */
@ExtendWith(LeakRecorder.Check.class)
class TunnelIT {
    private final FakeControlPlane control = new FakeControlPlane();
    private final Sidecar sidecar = TestSidecar.start(control);

    @AfterEach
    void stop() {
        sidecar.close();
    }

    private RawClient tunnel(String to) throws IOException {
        RawClient client = new RawClient(sidecar.proxyAddress());
        client.send("CONNECT " + to + " HTTP/1.1\r\nHost: " + to + "\r\n\r\n");
        assertThat(client.read(true).status()).isEqualTo(200);
        return client;
    }

    private static RawServer greeter(String name) throws IOException {
        return RawServer.start(connection -> {
            connection.write("220 " + name + "\r\n");
            String said = connection.read(4);
            connection.write(said);
            connection.awaitEnd();
            connection.write("end");
        });
    }

    @Test
    void balancesTheRequestsInsideATunnelOneByOne() throws IOException {
        try (FakeUpstream one = FakeUpstream.start("one");
                FakeUpstream two = FakeUpstream.start("two")) {
            control.serves("backend", one.port(), two.port());
            Map<String, Integer> seen = new HashMap<>();
            try (RawClient client = tunnel("backend:80")) {
                for (int i = 0; i < 20; i++) {
                    seen.merge(
                            client.send("GET / HTTP/1.1\r\nHost: whatever\r\n\r\n")
                                    .read()
                                    .body(),
                            1,
                            Integer::sum);
                }
            }
            assertThat(seen).isEqualTo(Map.of("one", 10, "two", 10));
        }
    }

    /** The client waits for the server's first word, so there is nothing to sniff. */
    @Test
    void balancesServerFirstProtocolsByConnectionAndPassesOnHalfCloses() throws IOException {
        try (RawServer one = greeter("one");
                RawServer two = greeter("two")) {
            control.serves("mail", one.port(), two.port());
            Map<String, Integer> seen = new HashMap<>();
            for (int i = 0; i < 10; i++) {
                try (RawClient client = tunnel("mail:80")) {
                    seen.merge(client.readBytes(9), 1, Integer::sum);
                    assertThat(client.send("quit").readBytes(4)).isEqualTo("quit");
                    client.socket().shutdownOutput();
                    assertThat(client.readToEnd()).isEqualTo("end");
                }
            }
            assertThat(seen).isEqualTo(Map.of("220 one\r\n", 5, "220 two\r\n", 5));
            Await.until("all connections are closed", Duration.ofSeconds(5), () -> one.open() + two.open() == 0);
        }
    }

    @Test
    void takesTurnsAmongAnyNumberOfEndpoints() throws IOException {
        try (RawServer one = greeter("1");
                RawServer two = greeter("2");
                RawServer three = greeter("3")) {
            control.serves("mail", one.port(), two.port(), three.port());
            Map<String, Integer> seen = new HashMap<>();
            for (int i = 0; i < 9; i++) {
                try (RawClient client = tunnel("mail:80")) {
                    seen.merge(client.readBytes(7), 1, Integer::sum);
                }
            }
            assertThat(seen).isEqualTo(Map.of("220 1\r\n", 3, "220 2\r\n", 3, "220 3\r\n", 3));
        }
    }

    /** It would be relayed, and its requests not told apart, if silence alone decided. */
    @Test
    void understandsAClientThatTakesItsTime() throws IOException {
        try (FakeUpstream one = FakeUpstream.start("one");
                FakeUpstream two = FakeUpstream.start("two")) {
            control.serves("backend", one.port(), two.port());
            Map<String, Integer> seen = new HashMap<>();
            try (RawClient client = tunnel("backend:80")) {
                Await.until(
                        "it is connected unasked",
                        Duration.ofSeconds(5),
                        () -> one.acceptedConnections() + two.acceptedConnections() == 1);
                for (int i = 0; i < 20; i++) {
                    String request = "GET / HTTP/1.1\r\nHost: whatever\r\n\r\n";
                    client.send(request.substring(0, 2)).send(request.substring(2));
                    seen.merge(client.read().body(), 1, Integer::sum);
                }
            }
            assertThat(seen).isEqualTo(Map.of("one", 10, "two", 10));
        }
    }

    /** RFC 9113 section 3.4: the server may send its SETTINGS before the client's preface, and most do. */
    @Test
    void keepsAnHttp2ServersFirstFrameFromAClientThatTakesItsTime() throws Exception {
        byte[] settings = {0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 7};
        var heard = new ArrayBlockingQueue<String>(1);
        try (RawServer server = RawServer.start(connection -> {
            connection.socket().getOutputStream().write(settings);
            heard.offer(new String(connection.in().readAllBytes(), StandardCharsets.ISO_8859_1));
        })) {
            control.serves("greeter", server.port());
            try (RawClient client = tunnel("greeter:80")) {
                Await.until("it is connected unasked", Duration.ofSeconds(5), () -> server.accepted() == 1);
                client.socket().setSoTimeout(200);
                assertThatThrownBy(() -> client.readBytes(1)).isInstanceOf(SocketTimeoutException.class);
                client.socket().setSoTimeout(5000);
                client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0");
                byte[] ours = client.readBytes(9).getBytes(StandardCharsets.ISO_8859_1);
                assertThat(ours[3]).as("the type of the first frame: SETTINGS").isEqualTo((byte) 4);
                assertThat(ours[2]).as("its length: not the server's own").isNotEqualTo((byte) 6);
            }
            assertThat(heard.poll(5, TimeUnit.SECONDS))
                    .as("what the unused connection carried")
                    .isEmpty();
        }
    }

    @Test
    void doesNotWaitAgainWhereAServerSpokeFirst() throws IOException {
        Duration sniff = Duration.ofSeconds(1);
        SidecarConfig config = TestSidecar.config();
        Limits usual = config.limits();
        var slow = new Limits(
                usual.headBytes(),
                usual.headTimeout(),
                usual.idleTimeout(),
                usual.writeBufferBytes(),
                usual.connectionsPerEndpoint(),
                usual.waitersPerEndpoint(),
                usual.upstreamIdle(),
                usual.pendingWait(),
                sniff,
                usual.drain());
        var known = new FakeControlPlane();
        try (RawServer server = greeter("one");
                Sidecar patient = Sidecar.start(config.withLimits(slow), made -> known)) {
            known.serves("mail", server.port());
            List<Duration> waits = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                long from = System.nanoTime();
                try (RawClient client = new RawClient(patient.proxyAddress())) {
                    client.send("CONNECT mail:80 HTTP/1.1\r\nHost: mail:80\r\n\r\n");
                    assertThat(client.read(true).status()).isEqualTo(200);
                    assertThat(client.readBytes(9)).isEqualTo("220 one\r\n");
                }
                waits.add(Duration.ofNanos(System.nanoTime() - from));
            }
            assertThat(waits.get(0)).isGreaterThanOrEqualTo(sniff);
            assertThat(waits.get(1)).isLessThan(sniff);
        }
    }

    /** A mere letter of what could be a method is not waited upon without end. */
    @Test
    void passesOnAFirstLetterThatNothingFollows() throws IOException {
        try (RawServer server = RawServer.start(connection -> {
            connection.write(connection.read(1) + "!");
            connection.awaitEnd();
        })) {
            control.serves("odd", server.port());
            for (int i = 0; i < 2; i++) {
                try (RawClient client = tunnel("odd:80")) {
                    if (i == 1) {
                        int before = server.accepted();
                        Await.until("connected", Duration.ofSeconds(5), () -> server.accepted() > before);
                    }
                    assertThat(client.send("G").readBytes(2)).isEqualTo("G!");
                }
            }
        }
    }

    /** A proxy of the application's own (Squid) behind a Service. */
    @Test
    void leavesWhatIsSaidToAnotherProxyAsItIs() throws IOException {
        try (RawServer proxy = RawServer.start(connection -> {
            connection.write(connection.readHead());
            connection.awaitEnd();
        })) {
            control.serves("squid", proxy.port());
            String head = "GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\nProxy-Authorization: x\r\n\r\n";
            try (RawClient client = tunnel("squid:80")) {
                assertThat(client.send(head).readBytes(head.length())).isEqualTo(head);
            }
        }
    }

    @Test
    void passesOnWhatLooksLikeTls() throws IOException {
        try (RawServer server = RawServer.start(connection -> {
            connection.write(connection.read(6));
            connection.awaitEnd();
        })) {
            control.serves("secure", server.port());
            try (RawClient client = tunnel("secure:80")) {
                assertThat(client.send("\u0016\u0003\u0001\u0000\u0005x").readBytes(6))
                        .isEqualTo("\u0016\u0003\u0001\u0000\u0005x");
            }
        }
    }

    @Test
    void doesNotLookIntoWhatIsDeclaredToBeTcp() throws IOException {
        TrafficPolicy usual = TrafficPolicy.DEFAULT;
        TrafficPolicy tcp = new TrafficPolicy(
                Mode.BALANCE,
                Protocol.TCP,
                usual.balancer(),
                usual.ejection(),
                usual.retry(),
                usual.connectTimeout(),
                Optional.empty(),
                Optional.empty(),
                false,
                Optional.empty());
        try (RawServer server = RawServer.start(connection -> {
            connection.write(connection.read(8) + "!");
            connection.awaitEnd();
        })) {
            control.serves("opaque", tcp, List.of(), server.port());
            try (RawClient client = tunnel("opaque:80")) {
                assertThat(client.send("GET / ??").readBytes(9)).isEqualTo("GET / ??!");
            }
        }
    }

    @Test
    void triesAnotherEndpointWhenOneRefusesAConnection() throws IOException {
        try (RawServer one = greeter("one");
                FakeUpstream gone = FakeUpstream.start("gone")) {
            gone.refuse();
            control.serves("mail", one.port(), gone.port());
            for (int i = 0; i < 6; i++) {
                try (RawClient client = tunnel("mail:80")) {
                    assertThat(client.readBytes(9)).isEqualTo("220 one\r\n");
                }
            }
        }
    }

    @Test
    void tunnelsToWhatIsNotOurs() throws IOException {
        try (RawServer server = greeter("far")) {
            try (RawClient client = tunnel("vip:" + server.port())) {
                assertThat(client.readBytes(9)).isEqualTo("220 far\r\n");
            }
        }
    }

    @Test
    void saysThatATunnelLeadsNowhere() throws IOException {
        try (FakeUpstream gone = FakeUpstream.start("gone");
                RawClient client = new RawClient(sidecar.proxyAddress())) {
            gone.refuse();
            client.send("CONNECT vip:" + gone.port() + " HTTP/1.1\r\nHost: vip\r\n\r\n");
            RawClient.Response failed = client.read();
            assertThat(failed.status()).isEqualTo(503);
            assertThat(failed.header("x-sidestep-reason")).isEqualTo("CONNECT_FAILED");
            assertThat(client.isClosed()).isTrue();
        }
    }

    @Test
    void refusesATunnelWithoutAPort() throws IOException {
        try (RawClient client = new RawClient(sidecar.proxyAddress())) {
            assertThat(client.send("CONNECT backend HTTP/1.1\r\nHost: backend\r\n\r\n")
                            .read()
                            .status())
                    .isEqualTo(400);
        }
    }

    @Test
    void copiesAllBytesBothWaysAtWhateverPaceTheyAreRead() throws Exception {
        int size = 16 << 20;
        byte[] sent = new byte[size];
        new Random(1).nextBytes(sent);
        try (RawServer echo = RawServer.start(connection -> {
            connection.in().transferTo(connection.socket().getOutputStream());
            connection.socket().shutdownOutput();
        })) {
            control.serves("echo", echo.port());
            try (RawClient client = tunnel("echo:80")) {
                OutputStream out = client.socket().getOutputStream();
                var writer = new Thread(
                        () -> {
                            try {
                                out.write(sent);
                                client.socket().shutdownOutput();
                            } catch (IOException e) {
                                throw new IllegalStateException(e);
                            }
                        },
                        "writer");
                writer.start();
                Thread.sleep(200); // All buffers on the way fill up.
                byte[] got = client.socket().getInputStream().readAllBytes();
                writer.join();
                assertThat(got.length).isEqualTo(size);
                assertThat(Arrays.equals(got, sent)).isTrue();
            }
        }
    }

    /** The caller is gone quiet before the tunnel stands, and still wants its answer. */
    @Test
    void answersACallerThatIsDoneSendingAtOnce() throws IOException {
        try (RawServer server = RawServer.start(connection -> {
            connection.write(new String(connection.in().readAllBytes(), StandardCharsets.ISO_8859_1) + "!");
        })) {
            control.serves("mail", server.port());
            for (String said : List.of("hello", "GE", "")) {
                try (RawClient client = new RawClient(sidecar.proxyAddress())) {
                    client.send("CONNECT mail:80 HTTP/1.1\r\nHost: mail:80\r\n\r\n" + said);
                    client.socket().shutdownOutput();
                    assertThat(client.read(true).status()).isEqualTo(200);
                    assertThat(client.readToEnd()).isEqualTo(said + "!");
                }
            }
        }
    }

    @Test
    void endsTheOtherHalfWhenOneIsReset() throws Exception {
        try (RawServer server = RawServer.start(RawServer.Connection::awaitEnd)) {
            control.serves("mail", server.port());
            RawClient client = tunnel("mail:80");
            Await.until("the tunnel stands", Duration.ofSeconds(5), () -> server.open() == 1);
            client.socket().setSoLinger(true, 0);
            client.close();
            Await.until("the other half is closed", Duration.ofSeconds(5), () -> server.open() == 0);
        }
    }
}
