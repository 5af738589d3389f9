package dev.sidestep.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sidestep.testkit.FakeUpstream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AdminIT {
    private final FakeUpstream backend = FakeUpstream.start("one");
    private Sidecar sidecar = TestSidecar.start(new FakeControlPlane().serves("backend", backend.port()));

    @BeforeEach
    void call() throws IOException {
        try (RawClient client = new RawClient(sidecar.proxyAddress())) {
            assertThat(client.send("GET / HTTP/1.1\r\nHost: backend\r\n\r\n")
                            .read()
                            .status())
                    .isEqualTo(200);
            assertThat(client.send("GET / HTTP/1.1\r\nHost: backend\r\nHost: backend\r\n\r\n")
                            .read()
                            .status())
                    .isEqualTo(400);
        }
    }

    @AfterEach
    void stop() {
        sidecar.close();
        backend.close();
    }

    private static RawClient.Response get(InetSocketAddress address, String path) throws IOException {
        try (RawClient client = new RawClient(address)) {
            return client.send("GET " + path + " HTTP/1.1\r\nHost: admin\r\n\r\n")
                    .read();
        }
    }

    @Test
    void explainsWhereAHostLeads() throws IOException {
        assertThat(get(sidecar.adminAddress(), "/why?host=backend").body())
                .contains("\"answer\": \"BALANCED\"")
                .contains("\"name\": \"backend.default.svc.cluster.local:80\"")
                .contains("\"address\": \"127.0.0.1:" + backend.port() + "\"")
                .contains("\"state\": \"READY\"");
        assertThat(get(sidecar.adminAddress(), "/why?host=other:81").body())
                .contains("\"answer\": \"UNKNOWN_SERVICE\"")
                .contains("\"port\": 81");
        assertThat(get(sidecar.adminAddress(), "/why").status()).isEqualTo(400);
    }

    @Test
    void showsClustersStatusAndConfiguration() throws IOException {
        assertThat(get(sidecar.adminAddress(), "/clusters").body())
                .contains("backend.default.svc.cluster.local:80::127.0.0.1:" + backend.port() + "::state::READY");
        assertThat(get(sidecar.adminAddress(), "/status").body())
                .contains("\"connected\": true")
                .contains("\"mode\": \"BALANCE\"")
                .contains("\"calls\": 1");
        assertThat(get(sidecar.adminAddress(), "/config_dump").body())
                .contains("\"namespace\": \"default\"")
                .contains("\"clusters\"");
        assertThat(get(sidecar.adminAddress(), "/nothing").status()).isEqualTo(404);
    }

    @Test
    void countsCallsForPrometheus() throws IOException {
        assertThat(get(sidecar.metricsAddress(), "/metrics").body())
                .contains("sidestep_requests_total{reason=\"\",service=\"backend.default:80\",status=\"2xx\"} 1.0")
                .contains("sidestep_requests_total{reason=\"AMBIGUOUS_REQUEST\",service=\"none\",status=\"4xx\"} 1.0")
                .contains("sidestep_request_duration_seconds_count{service=\"backend.default:80\"} 1")
                .contains("sidestep_endpoints{state=\"ready\"}")
                .contains("sidestep_build_info{");
    }

    @Test
    void isReadyWhileItsListenerIsOpenAndSaysNothingToStrangers() throws IOException {
        assertThat(get(sidecar.metricsAddress(), "/readyz").status()).isEqualTo(200);
        assertThat(get(sidecar.metricsAddress(), "/healthz").status()).isEqualTo(200);
        assertThat(get(sidecar.metricsAddress(), "/config_dump").status()).isEqualTo(404);
        sidecar.drain();
        assertThat(get(sidecar.metricsAddress(), "/readyz").status()).isEqualTo(503);
    }

    @Test
    void tellsTheKubeletWhenItsPodMayEndAndGoesOnServing() throws IOException {
        RawClient.Response response = get(sidecar.metricsAddress(), "/drained?cap=3s");

        assertThat(response.status()).isEqualTo(200);
        assertThat(response.body()).isEqualTo("all clients know\n");
        assertThat(get(sidecar.metricsAddress(), "/readyz").status()).isEqualTo(200);
    }

    @Test
    void namesTheAddressThatItCannotHave() {
        var anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        SidecarConfig taken =
                SidecarConfig.fromEnvironment(Map.of()).withListeners(sidecar.proxyAddress(), anyPort, anyPort);
        assertThatThrownBy(() -> Sidecar.start(taken, made -> new FakeControlPlane()))
                .hasMessageStartingWith(
                        "--proxy 127.0.0.1:" + sidecar.proxyAddress().getPort());
    }
}
