package dev.sidestep.interop.clients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.interop.clients.Installed.ControlPlane;
import dev.sidestep.interop.clients.Installed.Sidecar;
import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.Manifests;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A plain gRPC client that knows nothing but {@code http_proxy}: its one connection is a CONNECT to the sidecar. */
class PythonThroughSidecarIT {
    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    Path folder;

    private final List<AutoCloseable> opened = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : opened) {
            each.close();
        }
    }

    @Test
    void everyCallInTheTunnelIsBalanced() {
        Manifests manifests = new Manifests(folder);
        manifests.service("backend-service", "grpc", 80);
        for (String pod : List.of("p0", "p1", "p2")) {
            Greeter greeter = Greeter.start(pod);
            opened.add(greeter);
            manifests.endpoint("backend-service", "grpc", pod, greeter.port());
        }
        ControlPlane controlPlane = Installed.controlPlane(folder);
        opened.add(controlPlane);
        Sidecar sidecar = Installed.sidecar(controlPlane);
        opened.add(sidecar);
        PythonClient client = PythonClient.start(
                "backend-service.default.svc.cluster.local:80",
                Map.of("http_proxy", "http://" + sidecar.proxy(), "no_proxy", ""));
        opened.add(client);

        Await.untilPasses(
                "answers from all", SOON, () -> assertThat(client.call(9)).containsOnlyKeys("p0", "p1", "p2"));
        Map<String, Integer> counts = client.call(300);
        assertThat(counts).containsOnlyKeys("p0", "p1", "p2");
        assertThat(Tally.maxToMean(counts)).isLessThanOrEqualTo(1.05);
    }
}
