package dev.sidestep.interop.clients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.interop.clients.Installed.ControlPlane;
import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.ChildProcess;
import dev.sidestep.testkit.FakeUpstream;
import dev.sidestep.testkit.FreePorts;
import dev.sidestep.testkit.Manifests;
import dev.sidestep.testkit.Requirements;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real Envoy with a listener of its own that gets routes, clusters and endpoints from our control plane, by delta. */
class EnvoyIT {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Duration FOLLOWS = Duration.ofSeconds(2);

    @TempDir
    Path manifestFolder;

    @TempDir
    Path envoyFolder;

    private final List<AutoCloseable> opened = new ArrayList<>();
    private final List<FakeUpstream> upstreams = new ArrayList<>();
    private final int port = FreePorts.next();
    private final int adminPort = FreePorts.next();
    private Manifests manifests = new Manifests(Path.of(""));

    @BeforeEach
    void startBoth() throws IOException {
        Path envoy = Requirements.program("envoy");
        manifests = new Manifests(manifestFolder);
        manifests.service("backend-service", "http", 80);
        manifests.service("other-service", "http", 8080);
        endpoint("p0");
        endpoint("p1");
        endpoint("p2");
        ControlPlane controlPlane = Installed.controlPlane(manifestFolder);
        opened.add(controlPlane);
        String bootstrap = resource("/envoy/bootstrap.yaml")
                .replace("LISTENER_PORT", Integer.toString(port))
                .replace("ADMIN_PORT", Integer.toString(adminPort))
                .replace("XDS_PORT", Integer.toString(controlPlane.xdsPort()));
        Path file = Files.writeString(envoyFolder.resolve("bootstrap.yaml"), bootstrap);
        ChildProcess process = ChildProcess.start(
                "envoy",
                List.of(
                        envoy.toString(),
                        "--config-path",
                        file.toString(),
                        "--use-dynamic-base-id",
                        "--concurrency",
                        "1",
                        "--log-level",
                        "warning"));
        opened.add(process);
        Web.awaitOk(process, "http://127.0.0.1:" + port + "/", SOON);
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : opened) {
            each.close();
        }
    }

    @Test
    void everyEndpointGetsItsShareAndChangesAreFollowed() throws IOException {
        assertThat(call(300)).isEqualTo(Map.of("p0", 100, "p1", 100, "p2", 100));

        endpoint("p3");
        Await.untilPasses("p3 too", FOLLOWS, () -> assertThat(call(20)).containsOnlyKeys("p0", "p1", "p2", "p3"));
        manifests.withoutEndpoint("backend-service", "p0");
        Await.untilPasses("p0 no more", FOLLOWS, () -> assertThat(call(20)).containsOnlyKeys("p1", "p2", "p3"));
        assertThat(call(300)).isEqualTo(Map.of("p1", 100, "p2", 100, "p3", 100));
    }

    @Test
    void noEndpointMeans503AndOneThatComesBackIsUsed() {
        for (String pod : List.of("p0", "p1", "p2")) {
            manifests.withoutEndpoint("backend-service", pod);
        }
        Await.untilPasses("503", FOLLOWS, () -> assertThat(call(1)).containsOnlyKeys("status 503"));
        endpoint("p3");
        Await.untilPasses("p3", FOLLOWS, () -> assertThat(call(1)).containsOnlyKeys("p3"));
    }

    @Test
    void aCallWhoseConnectionIsRefusedIsMadeElsewhereAndAnAnswerOf503WhereAWordSaysSo() throws IOException {
        upstreams.get(0).refuse();
        assertThat(call(60)).containsOnlyKeys("p1", "p2");

        upstreams.get(0).accept();
        upstreams.get(0).fail(new FakeUpstream.Fault.Status(503));
        assertThat(call(60)).containsKeys("status 503", "p1", "p2");
        manifests.service("backend-service", "http", 80, Map.of("retry-on", "safe,5xx"));
        Await.untilPasses("no 503", FOLLOWS, () -> assertThat(call(60)).containsOnlyKeys("p1", "p2"));
    }

    @Test
    void aCallThatTakesTooLongEndsByTheServicesTimeLimit() throws IOException {
        upstreams.forEach(each -> each.fail(new FakeUpstream.Fault.Slow(Duration.ofSeconds(1))));
        assertThat(call(1)).doesNotContainKey("status 504");
        manifests.service("backend-service", "http", 80, Map.of("timeout-request", "200ms"));
        Await.untilPasses("504", SOON, () -> assertThat(call(1)).containsOnlyKeys("status 504"));
    }

    @Test
    void nothingThatWeSentWasRejected() throws IOException {
        String route = "http.outbound.rds.backend-service.default.svc.cluster.local_80";
        assertThat(stat(route + ".update_rejected")).isZero();
        assertThat(stat(route + ".update_success")).isPositive();

        assertThat(stat("cluster_manager.cds.update_rejected")).isZero();
        assertThat(stat("cluster_manager.cds.update_success")).isPositive();
        assertThat(stat("cluster.backend-service.default.svc.cluster.local_80.update_rejected"))
                .isZero();
    }

    private void endpoint(String pod) {
        FakeUpstream upstream = FakeUpstream.start(pod);
        upstreams.add(upstream);
        opened.add(upstream);
        manifests.endpoint("backend-service", "http", pod, upstream.port());
    }

    private Map<String, Integer> call(int times) throws IOException {
        Tally tally = new Tally();
        for (int i = 0; i < times; i++) {
            HttpResponse<String> answer = Web.get("http://127.0.0.1:" + port + "/");
            tally.add(answer.statusCode() == 200 ? answer.body() : "status " + answer.statusCode());
        }
        return tally.counts();
    }

    private long stat(String name) throws IOException {
        return Web.get("http://127.0.0.1:" + adminPort + "/stats?filter=" + name)
                .body()
                .lines()
                .filter(line -> line.startsWith(name + ": "))
                .mapToLong(line -> Long.parseLong(line.substring(name.length() + 2)))
                .findFirst()
                .orElseThrow();
    }

    private static String resource(String name) throws IOException {
        try (var stream = Objects.requireNonNull(EnvoyIT.class.getResourceAsStream(name), name)) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
