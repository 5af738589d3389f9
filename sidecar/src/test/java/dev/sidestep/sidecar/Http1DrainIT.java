package dev.sidestep.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Endpoint;
import dev.sidestep.model.TrafficPolicy;
import dev.sidestep.sidecar.loop.Transport;
import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.FakeUpstream;
import dev.sidestep.testkit.Http1;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** An endpoint turns terminating while connections to it stand, idle and busy. */
@ExtendWith(LeakRecorder.Check.class)
class Http1DrainIT {
    private static final String GET = "GET /a HTTP/1.1\r\nHost: backend\r\n\r\n";
    private static final Duration SOON = Duration.ofSeconds(20);

    private final CountDownLatch answer = new CountDownLatch(1);
    private final FakeUpstream leaving = FakeUpstream.start("leaving", request -> {
        if (request.target().equals("/slow")) {
            await();
        }
        return Http1.Response.ok("leaving");
    });
    private final FakeUpstream staying = FakeUpstream.start("staying");
    private final FakeControlPlane control = new FakeControlPlane();
    private final List<AutoCloseable> opened = new ArrayList<>(List.of(leaving, staying));

    private void await() {
        try {
            answer.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @AfterEach
    void stop() throws Exception {
        answer.countDown();
        for (AutoCloseable each : opened) {
            each.close();
        }
    }

    private void serves(boolean terminating) {
        var first = new Endpoint(
                "127.0.0.1",
                leaving.port(),
                !terminating,
                true,
                terminating,
                "",
                "web-1",
                "",
                "",
                List.of(),
                List.of(),
                1);
        control.serves(new Cluster(
                new ClusterName("backend", "default", 80),
                List.of(),
                true,
                TrafficPolicy.DEFAULT,
                List.of(first, Endpoint.ready("127.0.0.1", staying.port()))));
    }

    private RawClient client(Sidecar sidecar) throws IOException {
        var client = new RawClient(sidecar.proxyAddress());
        opened.add(0, client);
        return client;
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void idleConnectionsCloseAndBusyOnesAfterTheirCall(Transport transport) throws Exception {
        serves(false);
        Sidecar sidecar = Sidecar.start(TestSidecar.config().withTransport(transport, 1), made -> control);
        opened.add(0, sidecar);
        RawClient quick = client(sidecar);
        while (leaving.requestCount() == 0) {
            quick.send(GET);
            quick.read();
        }
        // Whose turn it is, is not to be known: of two calls at once at least one goes there.
        RawClient busy = client(sidecar);
        RawClient other = client(sidecar);
        busy.send(GET.replace("/a", "/slow"));
        other.send(GET.replace("/a", "/slow"));
        Await.until(
                "a call is under way",
                SOON,
                () -> leaving.requests().stream()
                        .anyMatch(request -> request.target().equals("/slow")));
        int before = leaving.requestCount();

        serves(true);
        for (int i = 0; i < 20; i++) {
            quick.send(GET);
            assertThat(quick.read().body()).isEqualTo("staying");
        }
        assertThat(leaving.requestCount()).isEqualTo(before);
        Await.until("only the busy connection stands", SOON, () -> leaving.openConnections() == 1);

        answer.countDown();
        assertThat(List.of(busy.read().body(), other.read().body())).contains("leaving");
        Await.until("no connection stands", SOON, () -> leaving.openConnections() == 0);
    }
}
