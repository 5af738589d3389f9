package dev.sidestep.interop.clients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.interop.clients.Installed.ControlPlane;
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

/** gRPC's C core as an xDS client, by Python: it judges empty assignments and unknown names otherwise than Java's. */
class PythonXdsIT {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Duration FOLLOWS = Duration.ofSeconds(2);

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
    void followsScalingToZeroAndBackAndBalancesEvenly() {
        Manifests manifests = new Manifests(folder);
        manifests.service("backend-service", "grpc", 80);
        endpoint(manifests, "p0");
        endpoint(manifests, "p1");
        ControlPlane controlPlane = Installed.controlPlane(folder);
        opened.add(controlPlane);
        PythonClient client = PythonClient.start(
                "xds:///backend-service.default.svc.cluster.local:80",
                Map.of("GRPC_XDS_BOOTSTRAP_CONFIG", """
                        {"xds_servers": [{"server_uri": "%s", "channel_creds": [{"type": "insecure"}],
                          "server_features": ["xds_v3"]}], "node": {"id": "python-1"}}
                        """.formatted(controlPlane.xds())));
        opened.add(client);

        awaitAnswersFrom(client, "p0", "p1");
        assertThat(client.call(100)).isEqualTo(Map.of("p0", 50, "p1", 50));

        endpoint(manifests, "p2");
        Await.untilPasses("p2 too", FOLLOWS, () -> assertThat(client.call(30)).containsKey("p2"));
        assertThat(Tally.maxToMean(client.call(300))).isLessThanOrEqualTo(1.05);

        for (String pod : List.of("p0", "p1", "p2")) {
            manifests.withoutEndpoint("backend-service", pod);
        }
        Await.untilPasses(
                "UNAVAILABLE", FOLLOWS, () -> assertThat(client.call(1)).containsOnlyKeys("UNAVAILABLE"));
        endpoint(manifests, "p3");
        awaitAnswersFrom(client, "p3");
    }

    private void endpoint(Manifests manifests, String pod) {
        Greeter greeter = Greeter.start(pod);
        opened.add(greeter);
        manifests.endpoint("backend-service", "grpc", pod, greeter.port());
    }

    private static void awaitAnswersFrom(PythonClient client, String... names) {
        Await.untilPasses(
                "answers from " + List.of(names),
                SOON,
                () -> assertThat(client.call(3 * names.length)).containsOnlyKeys(names));
    }
}
