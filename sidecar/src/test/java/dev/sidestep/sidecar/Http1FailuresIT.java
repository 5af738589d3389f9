package dev.sidestep.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Endpoint;
import dev.sidestep.model.Mode;
import dev.sidestep.model.TrafficPolicy;
import dev.sidestep.sidecar.loop.Limits;
import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.FakeUpstream;
import dev.sidestep.testkit.Http1.Request;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What becomes of calls whose endpoints fail them, and of calls that are not ours to balance. */
@ExtendWith(LeakRecorder.Check.class)
class Http1FailuresIT {
    private static final String GET = "GET /a HTTP/1.1\r\nHost: backend\r\n\r\n";
    private static final String POST = "POST /a HTTP/1.1\r\nHost: backend\r\nContent-Length: 5\r\n\r\nhello";

    private final FakeUpstream one = FakeUpstream.start("one");
    private final FakeUpstream two = FakeUpstream.start("two");
    private final FakeUpstream three = FakeUpstream.start("three");
    private final FakeControlPlane control = new FakeControlPlane();
    private Sidecar sidecar = TestSidecar.start(control);
    private RawClient client = connect();

    @BeforeEach
    void serve() {
        control.serves("backend", one.port(), two.port(), three.port());
    }

    private RawClient connect() {
        try {
            return new RawClient(sidecar.proxyAddress());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        sidecar.close();
        one.close();
        two.close();
        three.close();
    }

    private void restart(SidecarConfig config) throws IOException {
        client.close();
        sidecar.close();
        sidecar = Sidecar.start(config, made -> control);
        client = connect();
    }

    /** Statuses and bodies of {@code count} calls, by number. */
    private Map<String, Integer> calls(int count, String request) throws IOException {
        Map<String, Integer> seen = new HashMap<>();
        for (int i = 0; i < count; i++) {
            RawClient.Response response = client.send(request).read();
            seen.merge(
                    response.status() == 200 ? response.body() : response.header("x-sidestep-reason"), 1, Integer::sum);
        }
        return seen;
    }

    @Test
    void losesNoCallToAnEndpointThatRefuses() throws IOException {
        two.refuse();
        assertThat(calls(50, GET)).containsOnlyKeys("one", "three");
        assertThat(calls(50, POST)).containsOnlyKeys("one", "three");
    }

    /** As on a kill: connections that stood idle are gone, and the port refuses. Nothing was sent, so any method is safe. */
    @Test
    void losesNoCallToAnEndpointThatIsKilledBetweenCalls() throws IOException {
        assertThat(calls(30, GET)).containsOnlyKeys("one", "two", "three");
        two.refuse();
        assertThat(calls(30, POST)).containsOnlyKeys("one", "three");
        assertThat(calls(30, GET)).containsOnlyKeys("one", "three");
    }

    @Test
    void losesNoSafeCallToAnEndpointThatResets() throws IOException {
        two.fail(new FakeUpstream.Fault.Reset());
        assertThat(calls(100, GET)).containsOnlyKeys("one", "three");
        assertThat(two.requestCount()).isBetween(5, 12);
        assertThat(one.requests().stream()
                        .flatMap(request -> request.header("x-sidestep-attempt").stream())
                        .distinct())
                .isSubsetOf("2", "3");
    }

    @Test
    void losesNoSafeCallToAnEndpointThatClosesWithoutAnAnswer() throws IOException {
        two.fail(new FakeUpstream.Fault.Close());
        assertThat(calls(100, GET)).containsOnlyKeys("one", "three");
    }

    @Test
    void neverSendsAPostTwice() throws IOException {
        two.fail(new FakeUpstream.Fault.Reset());
        three.fail(new FakeUpstream.Fault.Reset());
        one.fail(new FakeUpstream.Fault.Reset());
        RawClient.Response failed = client.send(POST).read();
        assertThat(failed.status()).isEqualTo(502);
        assertThat(failed.header("x-sidestep-reason")).isEqualTo("RESET_AFTER_SEND");
        assertThat(one.requestCount() + two.requestCount() + three.requestCount())
                .isEqualTo(1);
        FakeUpstream asked = one.requestCount() == 1 ? one : two.requestCount() == 1 ? two : three;
        assertThat(failed.body()).contains("RESET_AFTER_SEND, tried 127.0.0.1:" + asked.port() + ";");
    }

    /** Whoever connects to a VIP of several pods may meet one that has just gone; the next connect may not. */
    @Test
    void triesTheVipAgainWhileTheListIsStale() throws IOException {
        String vip = "127.0.0.1:" + one.port();
        one.refuse();
        var remembers = new FakeControlPlane().ranges(List.of("127.0.0.0/8")).onlyRemembered(Duration.ofMinutes(2));
        remembers.serves("virtual", TrafficPolicy.DEFAULT, List.of(vip), two.port());
        try (Sidecar own = TestSidecar.start(remembers);
                RawClient caller = new RawClient(own.proxyAddress())) {
            RawClient.Response failed = caller.send(GET.replace("backend", vip)).read();
            assertThat(failed.body()).contains("CONNECT_FAILED, tried " + String.join(", ", vip, vip, vip) + ";");
        }
        assertThat(two.acceptedConnections()).isZero();
    }

    @Test
    void tellsWhereACallWasSentThatIsNotBalanced() throws IOException {
        one.fail(new FakeUpstream.Fault.Reset());
        RawClient.Response failed =
                client.send(POST.replace("backend", "127.0.0.1:" + one.port())).read();
        assertThat(failed.body()).contains("RESET_AFTER_SEND, tried 127.0.0.1:" + one.port() + ";");
    }

    @Test
    void tellsServiceReasonAddressesAndTheCommandThatExplains() throws IOException {
        one.refuse();
        two.refuse();
        three.refuse();
        RawClient.Response failed = client.send(GET).read();
        assertThat(failed.status()).isEqualTo(503);
        assertThat(failed.header("x-sidestep-reason")).isEqualTo("CONNECT_FAILED");
        assertThat(failed.body())
                .startsWith("sidestep: backend:80: CONNECT_FAILED, tried 127.0.0.1:")
                .contains("127.0.0.1:" + one.port(), "127.0.0.1:" + two.port(), "127.0.0.1:" + three.port())
                .endsWith("; ask: sidestep why backend --admin 127.0.0.1:"
                        + sidecar.adminAddress().getPort() + "\n");
        one.accept();
        Await.until(
                "the same connection is of use again",
                Duration.ofSeconds(5),
                () -> client.send(GET).read().status() == 200);
    }

    /** Whoever meets the hung one gives up; after a second of silence only probes meet it. */
    @Test
    void leavesAHungEndpointAlone() throws IOException {
        assertThat(calls(30, GET)).hasSize(3);
        two.fail(new FakeUpstream.Fault.Hang());
        long untilNanos = System.nanoTime() + Duration.ofSeconds(3).toNanos();
        try (RawClient waiting = connect()) {
            while (two.requestCount() == 10) {
                waiting.send(GET); // Pipelined; none is read, and the one behind the hung one waits.
            }
            while (System.nanoTime() - untilNanos < 0) {
                answers(Duration.ofMillis(50));
            }
            int unanswered = 0;
            for (int i = 0; i < 60; i++) {
                unanswered += answers(Duration.ofSeconds(1)) ? 0 : 1;
            }
            assertThat(unanswered).isLessThanOrEqualTo(2);
        }
    }

    private boolean answers(Duration patience) throws IOException {
        try (RawClient brief = connect()) {
            brief.socket().setSoTimeout((int) patience.toMillis());
            return brief.send(GET).read().status() == 200;
        } catch (SocketTimeoutException met) {
            return false;
        }
    }

    @Test
    void ejectsNobodyForTheApplicationsOwnErrors() throws IOException {
        for (FakeUpstream each : List.of(one, two, three)) {
            each.fail(new FakeUpstream.Fault.Status(500));
        }
        for (int i = 0; i < 90; i++) {
            assertThat(client.send(GET).read().status()).isEqualTo(500);
        }
        assertThat(List.of(one.requestCount(), two.requestCount(), three.requestCount()))
                .containsExactly(30, 30, 30);
    }

    @Test
    void endsTheConnectionWhenAResponseIsCutShort() throws IOException {
        for (FakeUpstream each : List.of(one, two, three)) {
            each.fail(new FakeUpstream.Fault.ResetInBody());
        }
        String got = client.send(GET).readToEnd();
        assertThat(got).startsWith("HTTP/1.1 200");
    }

    @Test
    void refusesAResponseThatTwoReadersCouldReadDifferently() throws IOException {
        try (RawServer bad = RawServer.start(connection -> {
            connection.readHead();
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!");
            connection.awaitEnd();
        })) {
            control.serves("bad", bad.port());
            RawClient.Response refused =
                    client.send("GET / HTTP/1.1\r\nHost: bad\r\n\r\n").read();
            assertThat(refused.status()).isEqualTo(502);
            assertThat(refused.header("x-sidestep-reason")).isEqualTo("BAD_RESPONSE");
        }
    }

    @Test
    void passesOnWhatIsNotOurs() throws IOException {
        String at = "127.0.0.1:" + one.port();
        String unknown = "vip:" + one.port();
        assertThat(client.send("GET http://" + at + "/x HTTP/1.1\r\nHost: " + at + "\r\n\r\n")
                        .read()
                        .body())
                .isEqualTo("one");
        assertThat(client.send("POST /y HTTP/1.1\r\nHost: " + unknown + "\r\nContent-Length: 2\r\n\r\nhi")
                        .read()
                        .body())
                .isEqualTo("one");
        assertThat(one.requests().stream().map(Request::target)).containsExactly("/x", "/y");
    }

    @Test
    void saysThatAHostThatIsNotOursCannotBeReached() throws IOException {
        two.refuse();
        RawClient.Response failed = client.send("GET / HTTP/1.1\r\nHost: 127.0.0.1:" + two.port() + "\r\n\r\n")
                .read();
        assertThat(failed.header("x-sidestep-reason")).isEqualTo("CONNECT_FAILED");
        RawClient.Response nowhere = client.send("GET / HTTP/1.1\r\nHost: no.such.host.invalid\r\n\r\n")
                .read();
        assertThat(nowhere.header("x-sidestep-reason")).isEqualTo("CONNECT_FAILED");
        assertThat(nowhere.body()).contains("no address tried");
    }

    @Test
    void doesNotCallItself() throws IOException {
        int own = sidecar.proxyAddress().getPort();
        RawClient.Response refused = client.send("GET / HTTP/1.1\r\nHost: 127.0.0.1:" + own + "\r\n\r\n")
                .read();
        assertThat(refused.status()).isEqualTo(508);
    }

    @Test
    void goesWhereItWasGoingWhenTheAnswerIsLate() throws IOException {
        restart(TestSidecar.config().withLimits(Limits.DEFAULT));
        control.falls(true);
        long startNanos = System.nanoTime();
        assertThat(client.send("GET / HTTP/1.1\r\nHost: vip:" + one.port() + "\r\n\r\n")
                        .read()
                        .body())
                .isEqualTo("one");
        assertThat(System.nanoTime() - startNanos)
                .isBetween(
                        Duration.ofMillis(200).toNanos(), Duration.ofSeconds(2).toNanos());
    }

    private static Cluster vip(FakeUpstream vip, Mode mode, FakeUpstream... endpoints) {
        TrafficPolicy usual = TrafficPolicy.DEFAULT;
        TrafficPolicy policy = new TrafficPolicy(
                mode,
                usual.protocol(),
                usual.balancer(),
                usual.ejection(),
                usual.retry(),
                usual.connectTimeout(),
                Optional.empty(),
                Optional.empty(),
                false,
                Optional.empty());
        return new Cluster(
                new ClusterName("vip", "default", vip.port()),
                List.of("127.0.0.1:" + vip.port()),
                false,
                policy,
                List.of(endpoints).stream()
                        .map(endpoint -> Endpoint.ready("127.0.0.1", endpoint.port()))
                        .toList());
    }

    @Test
    void followsTheModeFromOneCallToTheNext() throws IOException {
        String request = "GET / HTTP/1.1\r\nHost: vip:" + three.port() + "\r\n\r\n";
        control.serves(vip(three, Mode.BALANCE, one, two));
        assertThat(calls(10, request)).isEqualTo(Map.of("one", 5, "two", 5));
        control.serves(vip(three, Mode.OFF, one, two));
        Await.until(
                "calls go to the VIP",
                Duration.ofSeconds(1),
                () -> calls(1, request).containsKey("three"));
        assertThat(calls(10, request)).isEqualTo(Map.of("three", 10));
        assertThat(three.acceptedConnections()).isEqualTo(1);
        control.serves(vip(three, Mode.BALANCE, one, two));
        Await.until(
                "calls are balanced",
                Duration.ofSeconds(1),
                () -> !calls(1, request).containsKey("three"));
        assertThat(calls(10, request)).isEqualTo(Map.of("one", 5, "two", 5));
    }

    @Test
    void saysThatThereAreNoEndpointsIfTheVipIsSilentToo() throws IOException {
        three.refuse();
        control.serves(vip(three, Mode.BALANCE));
        RawClient.Response failed = client.send("GET / HTTP/1.1\r\nHost: vip:" + three.port() + "\r\n\r\n")
                .read();
        assertThat(failed.header("x-sidestep-reason")).isEqualTo("NO_ENDPOINTS");
        assertThat(failed.status()).isEqualTo(503);
    }

    @Test
    void boundsTheCallsThatWaitForAConnection() throws IOException {
        Limits usual = Limits.DEFAULT;
        restart(TestSidecar.config()
                .withLimits(new Limits(
                        usual.headBytes(),
                        usual.headTimeout(),
                        usual.idleTimeout(),
                        usual.writeBufferBytes(),
                        1,
                        1,
                        usual.upstreamIdle(),
                        usual.pendingWait(),
                        usual.sniffTimeout(),
                        usual.drain())));
        one.fail(new FakeUpstream.Fault.Hang());
        control.serves("narrow", one.port());
        String request = "GET / HTTP/1.1\r\nHost: narrow\r\n\r\n";
        try (RawClient second = connect();
                RawClient third = connect()) {
            client.send(request);
            Await.until("the first is there", Duration.ofSeconds(5), () -> one.requestCount() == 1);
            second.send(request);
            second.socket().setSoTimeout(200);
            try {
                second.read();
            } catch (SocketTimeoutException waiting) {
                second.socket().setSoTimeout(5000);
            }
            RawClient.Response refused = third.send(request).read();
            assertThat(refused.header("x-sidestep-reason")).isEqualTo("QUEUE_FULL");
            one.heal();
            assertThat(client.read().body()).isEqualTo("one");
            assertThat(second.read().body()).isEqualTo("one");
        }
    }
}
