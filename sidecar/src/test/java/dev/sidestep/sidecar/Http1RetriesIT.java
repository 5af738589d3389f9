package dev.sidestep.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.model.TrafficPolicy;
import dev.sidestep.model.TrafficPolicy.Retry.On;
import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.FakeUpstream;
import dev.sidestep.testkit.FakeUpstream.Fault;
import dev.sidestep.testkit.Http1;
import dev.sidestep.testkit.Http1.Request;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Which calls are made again elsewhere, which are not, and what their callers see. */
@ExtendWith(LeakRecorder.Check.class)
class Http1RetriesIT {
    private static final String GET = "GET /a HTTP/1.1\r\nHost: backend\r\n\r\n";
    private static final String POST = "POST /a HTTP/1.1\r\nHost: backend\r\nContent-Length: 5\r\n\r\nhello";

    private final FakeUpstream one = FakeUpstream.start("one");
    private final FakeUpstream two = FakeUpstream.start("two");
    private final FakeUpstream three = FakeUpstream.start("three");
    private final FakeControlPlane control = new FakeControlPlane();
    private final Sidecar sidecar = TestSidecar.start(control);
    private RawClient client;

    @BeforeEach
    void connect() throws IOException {
        client = new RawClient(sidecar.proxyAddress());
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        sidecar.close();
        one.close();
        two.close();
        three.close();
    }

    private void serve(TrafficPolicy policy) {
        control.serves("backend", policy, List.of(), one.port(), two.port(), three.port());
    }

    /** Bodies of the answers of 200, statuses of the others, by number. */
    private Map<String, Integer> calls(int count, String request) throws IOException {
        Map<String, Integer> seen = new HashMap<>();
        for (int i = 0; i < count; i++) {
            RawClient.Response response = client.send(request).read();
            assertThat(response.header("x-sidestep-reason")).isEmpty();
            seen.merge(response.status() == 200 ? response.body() : "" + response.status(), 1, Integer::sum);
        }
        return seen;
    }

    private List<Request> requests() {
        List<Request> all = new ArrayList<>(one.requests());
        all.addAll(two.requests());
        all.addAll(three.requests());
        return all;
    }

    @Test
    void withoutAWordForItAnAnswerOf503IsTheCallers() throws IOException {
        serve(TrafficPolicy.DEFAULT);
        two.fail(new Fault.Status(503));
        assertThat(calls(9, GET)).containsEntry("503", 3);
        assertThat(calls(3, POST)).containsEntry("503", 1);
        assertThat(requests()).hasSize(12);
    }

    @Test
    void aCallAnsweredBy503IsMadeElsewhereWhateverItsMethod() throws IOException {
        serve(Policies.retrying(On.SERVER_ERROR));
        two.fail(new Fault.Status(503));
        assertThat(calls(40, GET)).containsOnlyKeys("one", "three");
        assertThat(calls(40, POST)).containsOnlyKeys("one", "three");
        assertThat(two.requestCount()).as("it is left alone after five").isBetween(5, 20);
        assertThat(one.requests())
                .filteredOn(request -> request.method().equals("POST"))
                .extracting(Request::body)
                .containsOnly("hello");
        assertThat(requests().stream().flatMap(request -> request.header("x-sidestep-attempt").stream()))
                .containsOnly("2");
    }

    @Test
    void aBodyThatArrivesInPiecesIsSentAgainWhole() throws IOException {
        serve(Policies.retrying(On.SAFE, On.SERVER_ERROR));
        two.fail(new Fault.Status(500));
        for (int i = 0; i < 6; i++) {
            client.send("POST /a HTTP/1.1\r\nHost: backend\r\nTransfer-Encoding: chunked\r\n\r\n");
            client.send("3\r\nabc\r\n");
            client.send("5\r\ndef");
            client.send("gh\r\n0\r\n\r\n");
            assertThat(client.read().status()).isEqualTo(200);
        }
        assertThat(requests())
                .extracting(Request::body)
                .containsOnly("abcdefgh")
                .hasSizeGreaterThan(6);
    }

    /** The server answers before it has read the request: what follows of it goes to the other one only. */
    @Test
    void aCallAnsweredBeforeItsBodyWasSentGoesOnElsewhere() throws IOException {
        var heads = new AtomicInteger();
        try (RawServer hasty = RawServer.start(connection -> {
                    connection.readHead();
                    connection.write("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
                    connection.awaitEnd();
                });
                RawServer other = RawServer.start(connection -> {
                    while (!connection.readHead().isEmpty()) {
                        heads.incrementAndGet();
                        connection.write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n" + connection.read(6));
                    }
                })) {
            control.serves("backend", Policies.retrying(On.GATEWAY_ERROR), List.of(), hasty.port(), other.port());
            for (int i = 0; i < 4; i++) {
                client.send("POST /a HTTP/1.1\r\nHost: backend\r\nContent-Length: 6\r\n\r\nabc");
                int called = i + 1;
                Await.until("it is at the other one", Duration.ofSeconds(5), () -> heads.get() == called);
                client.send("def");
                assertThat(client.read().body()).isEqualTo("abcdef");
            }
            assertThat(hasty.accepted()).isPositive();
        }
    }

    @Test
    void aGatewayErrorIsTriedAgainAndAnErrorOfTheServerItselfIsNot() throws IOException {
        serve(Policies.retrying(On.SAFE, On.GATEWAY_ERROR));
        two.fail(new Fault.Status(500));
        assertThat(calls(9, GET)).containsEntry("500", 3);
        two.fail(new Fault.Status(504));
        assertThat(calls(9, GET)).containsOnlyKeys("one", "three");
    }

    @Test
    void aPostIsResentAfterAResetOnlyWhereAWordSaysSo() throws IOException {
        serve(Policies.retrying(On.SERVER_ERROR));
        two.fail(new Fault.Reset());
        assertThat(calls(12, POST)).containsOnlyKeys("one", "three");
        assertThat(one.requests()).extracting(Request::body).containsOnly("hello");
        assertThat(two.requestCount()).isPositive();
    }

    @Test
    void offTriesNothingAgain() throws IOException {
        serve(Policies.retrying());
        two.fail(new Fault.Reset());
        int failed = 0;
        for (int i = 0; i < 3; i++) {
            failed += client.send(GET).read().header("x-sidestep-reason").equals("RESET_AFTER_SEND") ? 1 : 0;
        }
        assertThat(failed).isEqualTo(1);
    }

    @Test
    void aBodyLargerThanWhatIsKeptIsSentOnceAndItsAnswerPassedOn() throws IOException {
        serve(Policies.retrying(On.SERVER_ERROR));
        two.fail(new Fault.Status(503));
        String large = "POST /a HTTP/1.1\r\nHost: backend\r\nContent-Length: 100000\r\n\r\n" + "x".repeat(100_000);
        assertThat(calls(9, large)).containsEntry("503", 3);
        assertThat(requests()).hasSize(9);
    }

    @Test
    void theLastAttemptsAnswerIsWhatTheCallerGets() throws IOException {
        serve(Policies.retrying(On.SERVER_ERROR));
        for (FakeUpstream each : List.of(one, two, three)) {
            each.fail(new Fault.Status(503));
        }
        RawClient.Response last = client.send(GET).read();
        assertThat(last.status()).isEqualTo(503);
        assertThat(last.header("x-sidestep-reason")).isEmpty();
        assertThat(last.body()).isIn("one", "two", "three");
        assertThat(requests()).hasSize(3);
        assertThat(requests().stream()
                        .flatMap(request -> request.headers().stream())
                        .filter(header -> header.name().equals("x-sidestep-attempt"))
                        .map(Http1.Header::value))
                .containsExactlyInAnyOrder("2", "3");
    }

    @Test
    void whenTheBudgetIsSpentTheAnswerIsPassedOn() throws IOException {
        serve(Policies.retrying(On.SERVER_ERROR));
        for (FakeUpstream each : List.of(one, two, three)) {
            each.fail(new Fault.Status(503));
        }
        assertThat(calls(300, GET)).isEqualTo(Map.of("503", 300));
        assertThat(requests().size())
                .as("100 retries at once, then a fifth of the calls and ten a second")
                .isBetween(440, 600);
    }

    @Test
    void theOnlyEndpointsAnswerIsPassedOnAtOnce() throws IOException {
        control.serves("backend", Policies.retrying(On.SERVER_ERROR), List.of(), one.port());
        one.fail(new Fault.Status(503));
        assertThat(calls(5, POST)).isEqualTo(Map.of("503", 5));
        assertThat(one.requestCount()).isEqualTo(5);
    }

    @Test
    void theConnectionOfAnAnswerThatNobodyWantsIsUsedAgain() throws IOException {
        var furtherCalls = new AtomicInteger();
        try (RawServer failing = RawServer.start(connection -> {
            connection.readHead();
            while (true) {
                connection.write("HTTP/1.1 503 No\r\nContent-Length: 7\r\n\r\n");
                connection.write("try ");
                connection.write("not");
                if (connection.readHead().isEmpty()) {
                    return;
                }
                furtherCalls.incrementAndGet();
            }
        })) {
            control.serves("backend", Policies.retrying(On.SERVER_ERROR), List.of(), failing.port(), one.port());
            assertThat(calls(8, GET)).isEqualTo(Map.of("one", 8));
            assertThat(furtherCalls.get()).isPositive();
        }
    }

    @Test
    void anAnswerThatNobodyWantsIsNotReadForEver() throws IOException {
        try (RawServer failing = RawServer.start(connection -> {
            connection.readHead();
            connection.write("HTTP/1.1 503 No\r\nContent-Length: 1000000\r\n\r\nand so on");
            connection.awaitEnd();
        })) {
            control.serves("backend", Policies.retrying(On.SERVER_ERROR), List.of(), failing.port(), one.port());
            assertThat(calls(2, GET)).isEqualTo(Map.of("one", 2));
            assertThat(failing.accepted()).isPositive();
            Await.until("it is closed", Duration.ofSeconds(4), () -> failing.open() == 0);
        }
    }

    @Test
    void noSafeCallIsLostToAHungEndpointAndThePostsWait() throws IOException {
        serve(TrafficPolicy.DEFAULT);
        assertThat(calls(30, GET)).hasSize(3);
        two.fail(new Fault.Hang());
        var gets = new ArrayList<RawClient>();
        var posts = new ArrayList<RawClient>();
        try {
            for (int i = 0; i < 60; i++) {
                gets.add(new RawClient(sidecar.proxyAddress()).send(GET));
            }
            for (int i = 0; i < 9; i++) {
                posts.add(new RawClient(sidecar.proxyAddress()).send(POST));
            }
            Await.until(
                    "they are all under way",
                    Duration.ofSeconds(5),
                    () -> requests().size() >= 30 + 60 + 9);
            long hungPosts = posts(two);
            assertThat(hungPosts).isPositive();
            assertThat(two.requestCount()).isGreaterThan(10 + 10);
            long until = System.nanoTime() + Duration.ofMillis(1500).toNanos();
            while (System.nanoTime() - until < 0) {
                answers(Duration.ofMillis(50)); // The others answer meanwhile, or else nobody would be suspect.
            }
            for (RawClient get : gets) {
                assertThat(get.read().status()).isEqualTo(200);
            }
            var waiting = new ArrayList<RawClient>();
            for (RawClient post : posts) {
                post.socket().setSoTimeout(20);
                try {
                    assertThat(post.read().body()).isIn("one", "three");
                } catch (SocketTimeoutException noAnswer) {
                    waiting.add(post);
                }
            }
            assertThat(waiting).hasSize((int) hungPosts);
            two.heal();
            for (RawClient post : waiting) {
                post.socket().setSoTimeout(5_000);
                assertThat(post.read().body()).isEqualTo("two");
            }
            assertThat(posts(one) + posts(two) + posts(three)).isEqualTo(9);
        } finally {
            gets.addAll(posts);
            for (RawClient each : gets) {
                each.close();
            }
        }
    }

    private static long posts(FakeUpstream server) {
        return server.requests().stream()
                .filter(request -> request.method().equals("POST"))
                .count();
    }

    private boolean answers(Duration patience) throws IOException {
        try (RawClient brief = new RawClient(sidecar.proxyAddress())) {
            brief.socket().setSoTimeout((int) patience.toMillis());
            return brief.send(GET).read().status() == 200;
        } catch (SocketTimeoutException met) {
            return false;
        }
    }

    @Test
    void anEndpointInABlackHoleCostsAConnectTimeoutAndNoCall() throws IOException {
        try (BlackHole hole = new BlackHole()) {
            control.serves("backend", hole.address().getPort(), one.port());
            long start = System.nanoTime();
            assertThat(calls(4, POST)).isEqualTo(Map.of("one", 4));
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isBetween(Duration.ofMillis(900), Duration.ofSeconds(4));
        }
    }

    @Test
    void aGetThatTakesTooLongAtOneEndpointIsMadeAtAnother() throws IOException {
        serve(Policies.limitingAttempts(Duration.ofMillis(200)));
        two.fail(new Fault.Hang());
        assertThat(calls(9, GET)).containsOnlyKeys("one", "three");
        assertThat(two.requestCount()).isPositive();
    }

    @Test
    void aPostThatTakesTooLongFailsWithItsReason() throws IOException {
        serve(Policies.limitingAttempts(Duration.ofMillis(200)));
        for (FakeUpstream each : List.of(one, two, three)) {
            each.fail(new Fault.Hang());
        }
        RawClient.Response failed = client.send(POST).read();
        assertThat(failed.status()).isEqualTo(504);
        assertThat(failed.header("x-sidestep-reason")).isEqualTo("DEADLINE");
        assertThat(requests()).hasSize(1);
    }

    @Test
    void aGetThatTakesTooLongEverywhereFailsAfterItsLastAttempt() throws IOException {
        serve(Policies.limitingAttempts(Duration.ofMillis(150)));
        for (FakeUpstream each : List.of(one, two, three)) {
            each.fail(new Fault.Hang());
        }
        RawClient.Response failed = client.send(GET).read();
        assertThat(failed.status()).isEqualTo(504);
        assertThat(failed.header("x-sidestep-reason")).isEqualTo("DEADLINE");
        assertThat(requests()).hasSize(3);
    }

    @Test
    void theTimeOfTheCallEndsItsAttemptsToo() throws IOException {
        serve(Policies.limiting(Duration.ofMillis(400), Duration.ofMillis(600)));
        for (FakeUpstream each : List.of(one, two, three)) {
            each.fail(new Fault.Hang());
        }
        assertThat(client.send(GET).read().header("x-sidestep-reason")).isEqualTo("DEADLINE");
        assertThat(requests()).hasSize(2);
    }

    @Test
    void aResponseThatIsNotWholeInTimeIsCutOff() throws IOException {
        try (RawServer slow = RawServer.start(connection -> {
            connection.readHead();
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
            connection.awaitEnd();
        })) {
            control.serves("alone", Policies.limitingAttempts(Duration.ofMillis(200)), List.of(), slow.port());
            assertThat(client.send("GET / HTTP/1.1\r\nHost: alone\r\n\r\n").readToEnd())
                    .startsWith("HTTP/1.1 200")
                    .endsWith("half");
        }
    }
}
