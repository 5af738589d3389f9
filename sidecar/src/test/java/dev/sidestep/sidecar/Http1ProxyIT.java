package dev.sidestep.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.testkit.FakeUpstream;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(LeakRecorder.Check.class)
class Http1ProxyIT {
    private final FakeUpstream one = FakeUpstream.start("one");
    private final FakeUpstream two = FakeUpstream.start("two");
    private final FakeUpstream three = FakeUpstream.start("three");
    private final FakeControlPlane control = new FakeControlPlane();
    private Sidecar sidecar;

    @BeforeEach
    void start() {
        control.serves("backend", one.port(), two.port(), three.port());
        sidecar = TestSidecar.start(control);
    }

    @AfterEach
    void stop() {
        sidecar.close();
        one.close();
        two.close();
        three.close();
    }

    private RawClient connect() throws IOException {
        return new RawClient(sidecar.proxyAddress());
    }

    @Test
    void spreadsTheRequestsOfOneConnectionEvenly() throws IOException {
        Map<String, Integer> seen = new HashMap<>();
        try (RawClient client = connect()) {
            for (int i = 0; i < 300; i++) {
                RawClient.Response response = client.send("GET /api HTTP/1.1\r\nHost: backend\r\n\r\n")
                        .read();
                assertThat(response.status()).isEqualTo(200);
                seen.merge(response.body(), 1, Integer::sum);
            }
        }
        assertThat(seen).isEqualTo(Map.of("one", 100, "two", 100, "three", 100));
    }

    @Test
    void whatIsNotBalancedKeepsAConnectionForEachHost() throws IOException {
        try (RawClient client = connect()) {
            for (int i = 0; i < 10; i++) {
                for (String host : List.of("127.0.0.1:" + one.port(), "backend", "127.0.0.1:" + two.port())) {
                    assertThat(client.send("GET http://" + host + "/ HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
                                    .read()
                                    .status())
                            .isEqualTo(200);
                }
            }
        }
        // And each one connection that belongs to the backend's pool.
        assertThat(one.acceptedConnections()).isEqualTo(2);
        assertThat(two.acceptedConnections()).isEqualTo(2);
        assertThat(three.acceptedConnections()).isEqualTo(1);
    }

    @Test
    void turnsAnAbsoluteTargetIntoAPathAndItsAuthorityIntoTheHost() throws IOException {
        try (RawClient client = connect()) {
            client.send(
                    "GET http://backend:80/a?b=c HTTP/1.1\r\nHost: elsewhere\r\nProxy-Connection: keep-alive\r\n\r\n");
            assertThat(client.read().status()).isEqualTo(200);
        }
    }
}
