package dev.sidestep.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.FakeUpstream;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** RFC 9110 and 9112 between real sockets, one upstream behind the name {@code backend}. */
@SuppressWarnings("StringConcatToTextBlock") // The line ends are what is tested.
@ExtendWith(LeakRecorder.Check.class)
class Http1SemanticsIT {
    private static final String GET = "GET /a HTTP/1.1\r\nHost: backend\r\n\r\n";

    private final BlockingQueue<String> seen = new LinkedBlockingQueue<>();

    private interface Test1 {
        void run(RawClient client) throws Exception;
    }

    private void with(RawServer.Script script, Test1 test) throws Exception {
        try (RawServer server = RawServer.start(script);
                Sidecar sidecar = TestSidecar.start(new FakeControlPlane().serves("backend", server.port()));
                RawClient client = new RawClient(sidecar.proxyAddress())) {
            test.run(client);
        }
    }

    private String seen() throws InterruptedException {
        String next = seen.poll(5, TimeUnit.SECONDS);
        return next == null ? "nothing" : next;
    }

    @Test
    void answersPipelinedRequestsInOrder() throws Exception {
        try (FakeUpstream upstream = FakeUpstream.start(
                        "echo", request -> dev.sidestep.testkit.Http1.Response.ok(request.target()));
                Sidecar sidecar = TestSidecar.start(new FakeControlPlane().serves("backend", upstream.port()));
                RawClient client = new RawClient(sidecar.proxyAddress())) {
            var requests = new StringBuilder();
            for (int i = 0; i < 200; i++) {
                requests.append(
                        i % 3 == 0
                                ? "POST /" + i + " HTTP/1.1\r\nHost: backend\r\nContent-Length: 5\r\n\r\nhello"
                                : "GET /" + i + " HTTP/1.1\r\nHost: backend\r\n\r\n");
            }
            client.send(requests.toString());
            for (int i = 0; i < 200; i++) {
                assertThat(client.read().body()).isEqualTo("/" + i);
            }
        }
    }

    @Test
    void passesChunksAndTrailersBothWays() throws Exception {
        String chunks = "5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nCheck: sum\r\n\r\n";
        with(
                connection -> {
                    seen.add(connection.readHead());
                    seen.add(connection.read(chunks.length()));
                    connection.write(
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Check\r\n\r\n" + chunks);
                    connection.readHead();
                    connection.write("HTTP/1.1 204 No Content\r\n\r\n");
                    connection.awaitEnd();
                },
                client -> {
                    client.send("POST /a HTTP/1.1\r\nHost: backend\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks);
                    RawClient.Response response = client.read();
                    assertThat(response.body()).isEqualTo("hello world\nCheck: sum");
                    assertThat(response.header("trailer")).isEqualTo("Check");
                    seen();
                    assertThat(seen()).isEqualTo(chunks);
                    assertThat(client.send(GET).read().status()).isEqualTo(204);
                });
    }

    @Test
    void passesOnThatTheServerWaitsForTheBody() throws Exception {
        with(
                connection -> {
                    connection.readHead();
                    connection.write("HTTP/1.1 100 Continue\r\n\r\n");
                    seen.add(connection.read(5));
                    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                    connection.awaitEnd();
                },
                client -> {
                    client.send(
                            "POST /a HTTP/1.1\r\nHost: backend\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
                    assertThat(client.read().status()).isEqualTo(100);
                    client.send("hello");
                    assertThat(client.read().status()).isEqualTo(200);
                    assertThat(seen()).isEqualTo("hello");
                });
    }

    @Test
    void passesOnEveryInformationalResponse() throws Exception {
        with(
                connection -> {
                    connection.readHead();
                    connection.write("HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n"
                            + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                    connection.awaitEnd();
                },
                client -> {
                    client.send(GET);
                    assertThat(client.read().header("link")).isEqualTo("<a>");
                    assertThat(client.read().status()).isEqualTo(103);
                    assertThat(client.read().body()).isEqualTo("ok");
                });
    }

    @Test
    void knowsWhichResponsesHaveNoBody() throws Exception {
        with(
                connection -> {
                    for (String status : new String[] {"200 OK", "204 No Content", "304 Not Modified", "200 OK"}) {
                        connection.readHead();
                        boolean last = status.equals("200 OK") && seen.size() > 1;
                        connection.write(
                                "HTTP/1.1 " + status + "\r\nContent-Length: 5\r\n\r\n" + (last ? "hello" : ""));
                        seen.add(status);
                    }
                    connection.awaitEnd();
                },
                client -> {
                    client.send("HEAD /a HTTP/1.1\r\nHost: backend\r\n\r\n");
                    assertThat(client.read(true).header("content-length")).isEqualTo("5");
                    assertThat(client.send(GET).read().status()).isEqualTo(204);
                    assertThat(client.send(GET).read().status()).isEqualTo(304);
                    assertThat(client.send(GET).read().body()).isEqualTo("hello");
                });
    }

    @Test
    void passesABodyThatOnlyTheConnectionEnds() throws Exception {
        with(
                connection -> {
                    connection.readHead();
                    connection.write("HTTP/1.1 200 OK\r\n\r\nhello ");
                    connection.write("world");
                },
                client -> {
                    RawClient.Response response = client.send(GET).read();
                    assertThat(response.body()).isEqualTo("hello world");
                    assertThat(response.header("connection")).isEqualTo("close");
                });
    }

    @Test
    void opensTheWayForAnotherProtocol() throws Exception {
        with(
                connection -> {
                    seen.add(connection.readHead());
                    connection.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                            + "Connection: Upgrade\r\n\r\nfrom server");
                    seen.add(connection.read(11));
                    connection.write("bye");
                    connection.socket().shutdownOutput();
                    seen.add(connection.read(4));
                },
                client -> {
                    client.send(
                            "GET /ws HTTP/1.1\r\nHost: backend\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
                    RawClient.Response response = client.read();
                    assertThat(response.status()).isEqualTo(101);
                    assertThat(response.header("upgrade")).isEqualTo("websocket");
                    assertThat(response.header("connection")).isEqualTo("Upgrade");
                    assertThat(client.readBytes(11)).isEqualTo("from server");
                    assertThat(seen()).contains("Upgrade: websocket");
                    client.send("from client");
                    assertThat(seen()).isEqualTo("from client");
                    assertThat(client.readToEnd()).isEqualTo("bye");
                    client.send("late").socket().shutdownOutput();
                    assertThat(seen()).isEqualTo("late");
                });
    }

    /** The JDK's client asks for h2c with every first request; an answer 101 would pin all later ones. */
    @Test
    void doesNotLetHttp2SlipInByUpgrade() throws Exception {
        with(
                connection -> {
                    seen.add(connection.readHead());
                    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                    connection.awaitEnd();
                },
                client -> {
                    client.send("GET / HTTP/1.1\r\nHost: backend\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                            + "Upgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n\r\n");
                    assertThat(client.read().status()).isEqualTo(200);
                    assertThat(seen()).isEqualTo("GET / HTTP/1.1\r\nHost: backend\r\n\r\n");
                });
    }

    @Test
    void keepsAnHttp10ConnectionOpenOnlyIfAsked() throws Exception {
        with(
                connection -> {
                    seen.add(connection.readHead());
                    connection.write("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok");
                },
                client -> {
                    RawClient.Response kept = client.send(
                                    "GET / HTTP/1.0\r\nHost: backend\r\nConnection: keep-alive\r\n\r\n")
                            .read();
                    assertThat(kept.header("connection")).isEqualTo("keep-alive");
                    assertThat(seen()).isEqualTo("GET / HTTP/1.0\r\nHost: backend\r\nConnection: close\r\n\r\n");
                    RawClient.Response last = client.send("GET / HTTP/1.0\r\nHost: backend\r\n\r\n")
                            .read();
                    assertThat(last.body()).isEqualTo("ok");
                    assertThat(client.isClosed()).isTrue();
                });
    }

    /** A server may answer before it has read all, and close; the client gets the answer, not a reset. */
    @Test
    void passesOnAResponseThatComesBeforeTheRequestIsOver() throws Exception {
        with(
                connection -> {
                    connection.readHead();
                    connection.write("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
                },
                client -> {
                    client.send("POST /a HTTP/1.1\r\nHost: backend\r\nContent-Length: 100000000\r\n\r\n"
                            + "x".repeat(1000));
                    RawClient.Response response = client.read();
                    assertThat(response.status()).isEqualTo(413);
                    assertThat(response.header("connection")).isEqualTo("close");
                    assertThat(client.isClosed()).isTrue();
                });
    }

    @Test
    void leavesTheServerWhenTheClientLeaves() throws Exception {
        with(
                connection -> {
                    seen.add(connection.readHead());
                    connection.awaitEnd();
                    seen.add("ended");
                },
                client -> {
                    client.send(GET);
                    seen();
                    client.close();
                    assertThat(seen()).isEqualTo("ended");
                });
    }

    /** Neither side can make us hold what the other does not read. */
    @Test
    void readsNoFasterThanTheOtherSideTakes() throws Exception {
        int size = 64 << 20;
        String part = "x".repeat(1 << 20);
        with(
                connection -> {
                    connection.readHead();
                    connection.write("HTTP/1.1 200 OK\r\nContent-Length: " + size + "\r\n\r\n");
                    for (int i = 0; i < 64; i++) {
                        connection.write(part);
                        seen.add("part");
                    }
                    connection.awaitEnd();
                },
                client -> {
                    client.send(GET);
                    seen();
                    int before = 0;
                    int written = seen.size();
                    while (written != before) { // Until the server can write no more.
                        before = written;
                        TimeUnit.MILLISECONDS.sleep(300);
                        written = seen.size();
                    }
                    assertThat(written).isLessThan(40);
                    assertThat(client.read().body()).hasSize(size);
                });
    }

    @Test
    void takesALargeBodyForASlowServer() throws Exception {
        int size = 32 << 20;
        with(
                connection -> {
                    connection.readHead();
                    TimeUnit.MILLISECONDS.sleep(300);
                    connection.in().skipNBytes(size);
                    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                    connection.awaitEnd();
                },
                client -> {
                    client.send("POST / HTTP/1.1\r\nHost: backend\r\nContent-Length: " + size + "\r\n\r\n");
                    client.send("y".repeat(size));
                    assertThat(client.read().body()).isEqualTo("ok");
                });
    }

    @Test
    void namesTheEndpointToWhoAsks() throws Exception {
        with(
                connection -> {
                    connection.readHead();
                    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                    connection.awaitEnd();
                },
                client -> assertThat(client.send("GET / HTTP/1.1\r\nHost: backend\r\nx-sidestep-endpoint: 1\r\n\r\n")
                                .read()
                                .header("x-sidestep-endpoint"))
                        .startsWith("127.0.0.1:"));
    }

    @Test
    void refusesAnAmbiguousRequestAndClosesBehindIt() throws Exception {
        with(connection -> seen.add(connection.readHead()), client -> {
            client.send("POST / HTTP/1.1\r\nHost: backend\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: backend\r\n\r\n");
            RawClient.Response refused = client.read();
            assertThat(refused.status()).isEqualTo(400);
            assertThat(refused.header("x-sidestep-reason")).isEqualTo("AMBIGUOUS_REQUEST");
            assertThat(client.isClosed()).isTrue();
            assertThat(seen).isEmpty();
        });
    }

    @Test
    void refusesAHeadThatIsTooLong() throws Exception {
        with(RawServer.Connection::readHead, client -> {
            client.send("GET / HTTP/1.1\r\nHost: backend\r\nX: " + "x".repeat(70_000) + "\r\n\r\n");
            RawClient.Response refused = client.read();
            assertThat(refused.status()).isEqualTo(431);
            assertThat(refused.header("x-sidestep-reason")).isEqualTo("REQUEST_TOO_LARGE");
        });
    }

    @Test
    void refusesBadChunksWithoutWaitingForTheServer() throws Exception {
        with(RawServer.Connection::awaitEnd, client -> {
            client.send("POST / HTTP/1.1\r\nHost: backend\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX");
            assertThat(client.read().header("x-sidestep-reason")).isEqualTo("AMBIGUOUS_REQUEST");
        });
    }

    @Test
    void doesNotWaitForASlowHeadForever() throws Exception {
        var limits = TestSidecar.config().limits();
        var impatient = new dev.sidestep.sidecar.loop.Limits(
                limits.headBytes(),
                Duration.ofMillis(200),
                limits.idleTimeout(),
                limits.writeBufferBytes(),
                limits.connectionsPerEndpoint(),
                limits.waitersPerEndpoint(),
                limits.upstreamIdle(),
                limits.pendingWait(),
                limits.sniffTimeout(),
                limits.drain());
        try (Sidecar sidecar =
                        Sidecar.start(TestSidecar.config().withLimits(impatient), made -> new FakeControlPlane());
                RawClient client = new RawClient(sidecar.proxyAddress())) {
            client.send("GET / HTTP/1.1\r\nHost: b");
            assertThat(client.read().status()).isEqualTo(408);
            assertThat(client.isClosed()).isTrue();
        }
    }

    @Test
    void finishesCallsInFlightWhenItDrains() throws Exception {
        BlockingQueue<String> go = new LinkedBlockingQueue<>();
        try (RawServer server = RawServer.start(connection -> {
                    seen.add(connection.readHead());
                    go.take();
                    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                    connection.awaitEnd();
                });
                Sidecar sidecar = TestSidecar.start(new FakeControlPlane().serves("backend", server.port()));
                RawClient idle = new RawClient(sidecar.proxyAddress());
                RawClient busy = new RawClient(sidecar.proxyAddress())) {
            busy.send(GET);
            seen();
            var draining = new Thread(sidecar::drain, "drain");
            draining.start();
            assertThat(idle.isClosed()).isTrue();
            go.add("on");
            RawClient.Response response = busy.read();
            assertThat(response.body()).isEqualTo("ok");
            assertThat(response.header("connection")).isEqualTo("close");
            assertThat(busy.isClosed()).isTrue();
            draining.join(5000);
            assertThat(draining.isAlive()).isFalse();
            Await.until("all upstream connections are closed", Duration.ofSeconds(5), () -> server.open() == 0);
        } catch (IOException e) {
            throw new AssertionError("a call in flight was hurt", e);
        }
    }
}
