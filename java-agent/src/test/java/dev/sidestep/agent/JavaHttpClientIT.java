package dev.sidestep.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.agent.app.HttpApp;
import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.FakeUpstream;
import dev.sidestep.testkit.Http1;
import dev.sidestep.testkit.Requirements;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Calls by {@code java.net.http} in real JVMs, with the shipped jar and a real control plane. */
class JavaHttpClientIT {
    @TempDir
    private Path folder;

    private TestMesh mesh;

    @BeforeEach
    void start() {
        mesh = new TestMesh(folder);
    }

    @AfterEach
    void stop() {
        mesh.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 21, 25})
    void everyRequestIsBalancedExactlyOverKeptConnections(int feature) {
        try (AppProcess app = mesh.balancedApp(feature)) {
            List<String> sync = app.calls(mesh.calls(90));
            List<String> async = app.calls(mesh.calls(90, "how", "async"));
            List<String> post = app.calls(mesh.calls(90, "method", "POST"));

            Map<String, Long> even = Map.of("200 pod-0", 30L, "200 pod-1", 30L, "200 pod-2", 30L);
            assertThat(TestMesh.counted(sync)).isEqualTo(even);
            assertThat(TestMesh.counted(async)).isEqualTo(even);
            assertThat(TestMesh.counted(post)).isEqualTo(even);
            FakeUpstream backend = mesh.backend(0);
            assertThat(backend.acceptedConnections()).isLessThanOrEqualTo(10);
            assertThat(backend.requests())
                    .extracting(request -> request.header("host").orElse(""))
                    .containsOnly("backend-service:" + mesh.vip().port());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void noSafeRequestFailsWhenOneBackendIsKilled(int feature) {
        try (AppProcess app = mesh.balancedApp(feature)) {
            app.calls(mesh.calls(30));

            mesh.backend(1).refuse();
            List<String> gets = app.calls(mesh.calls(200));
            List<String> async = app.calls(mesh.calls(200, "how", "async"));
            List<String> posts = app.calls(mesh.calls(60, "method", "POST"));

            assertThat(gets).allMatch(line -> line.startsWith("200 pod-"));
            assertThat(async).allMatch(line -> line.startsWith("200 pod-"));
            assertThat(posts).allMatch(line -> line.startsWith("200 pod-"));
            assertThat(TestMesh.counted(async)).doesNotContainKey("200 pod-1");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void requestsThatWereResetGoElsewhereUnlessTheyMayHaveBeenProcessed(int feature) {
        try (AppProcess app = mesh.balancedApp(feature)) {
            app.calls(mesh.calls(30));
            mesh.backend(1).fail(new FakeUpstream.Fault.Reset());

            List<String> gets = app.calls(mesh.calls(60));
            assertThat(gets).allMatch(line -> line.startsWith("200 pod-"));

            mesh.backend(1).fail(new FakeUpstream.Fault.Close());
            List<String> posts = new ArrayList<>();
            long start = System.nanoTime();
            while (posts.stream().allMatch(line -> line.startsWith("200"))
                    && System.nanoTime() - start < TestMesh.SOON.toNanos()) {
                posts.addAll(app.calls(mesh.calls(10, "method", "POST")));
            }

            String failed = posts.stream()
                    .filter(line -> !line.startsWith("200"))
                    .findFirst()
                    .orElseThrow();
            assertThat(failed)
                    .contains("RESET_AFTER_SEND")
                    .contains("backend-service.default.svc.cluster.local:"
                            + mesh.vip().port())
                    .contains("127.0.0.1:" + mesh.backend(1).port())
                    .doesNotContain("127.0.0.1:" + mesh.backend(0).port());
            assertThat(mesh.backend(0).requests().stream()
                            .filter(request -> request.method().equals("POST"))
                            .map(Http1.Request::body))
                    .as("no POST twice")
                    .hasSizeLessThan(posts.size());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void aHungBackendIsLeftAlone(int feature) {
        try (AppProcess app = mesh.balancedApp(feature)) {
            app.calls(mesh.calls(30));
            mesh.backend(2).fail(new FakeUpstream.Fault.Hang());

            long start = System.nanoTime();
            int before = mesh.backend(2).requestCount();
            while (System.nanoTime() - start < Duration.ofSeconds(3).toNanos()) {
                app.calls(mesh.calls(2, "how", "async", "timeout", "2500"));
            }
            int hung = mesh.backend(2).requestCount() - before;
            List<String> after = app.calls(mesh.calls(100, "timeout", "2500"));

            assertThat(TestMesh.counted(after)).doesNotContainKey("200 pod-2");
            assertThat(after.stream().filter(line -> !line.startsWith("200 pod-")))
                    .as("only what went there as a probe, one at a time and ever more seldom")
                    .hasSizeLessThanOrEqualTo(2);
            assertThat(hung).isLessThan(20);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void modeOffSendsEverythingToTheVipAndBack(int feature) {
        try (AppProcess app = mesh.balancedApp(feature)) {
            mesh.manifests().write("service-backend-service.yaml", """
                    apiVersion: v1
                    kind: Service
                    metadata:
                      name: backend-service
                      namespace: default
                      annotations: {sidestep.dev/mode: "off"}
                    spec:
                      clusterIP: 127.0.0.1
                      selector: {app: backend-service}
                      ports:
                        - {name: http, port: %d, targetPort: http}
                    """.formatted(
                            mesh.vip().port()));
            Await.until(
                    "calls on the VIP",
                    TestMesh.SOON,
                    () -> app.calls(mesh.calls(3)).stream().allMatch("200 vip"::equals));

            mesh.manifests().service("backend-service", "http", mesh.vip().port());
            mesh.awaitBalanced(app, mesh.calls(3));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void scaledToZeroCallsGoWhereTheyWentAndScaledUpTheyAreBalancedAgain(int feature) {
        try (AppProcess app = mesh.balancedApp(feature)) {
            for (int i = 0; i < 3; i++) {
                mesh.manifests().withoutEndpoint("backend-service", "pod-" + i);
            }
            Await.until(
                    "calls on the VIP",
                    TestMesh.SOON,
                    () -> app.calls(mesh.calls(3)).stream().allMatch("200 vip"::equals));

            for (int i = 0; i < 3; i++) {
                mesh.manifests()
                        .endpoint(
                                "backend-service",
                                "http",
                                "pod-" + i,
                                mesh.backend(i).port());
            }
            Await.until(
                    "even calls",
                    TestMesh.SOON,
                    () -> TestMesh.counted(app.calls(mesh.calls(30)))
                            .equals(Map.of("200 pod-0", 10L, "200 pod-1", 10L, "200 pod-2", 10L)));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void anErrorOfTheApplicationItselfLeavesNobodyAlone(int feature) {
        try (AppProcess app = mesh.balancedApp(feature)) {
            app.calls(mesh.calls(30));

            List<String> broken = app.calls(mesh.calls(90, "url", mesh.url() + TestMesh.BROKEN));
            List<String> after = app.calls(mesh.calls(90));

            assertThat(TestMesh.counted(broken))
                    .isEqualTo(Map.of("500 pod-0", 30L, "500 pod-1", 30L, "500 pod-2", 30L));
            assertThat(TestMesh.counted(after)).isEqualTo(Map.of("200 pod-0", 30L, "200 pod-1", 30L, "200 pod-2", 30L));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void withoutAControlPlaneCallsGoWhereTheyWent(int feature) {
        mesh.stopControlPlane();
        try (AppProcess app = mesh.start(Requirements.jdk(feature), HttpApp.class, mesh.environment())) {
            assertThat(app.calls(mesh.calls(20))).allMatch("200 vip"::equals);
            assertThat(app.process().output().stream().filter(line -> line.startsWith("sidestep-agent: ")))
                    .hasSizeLessThanOrEqualTo(2);

            mesh.startControlPlane();
            mesh.awaitBalanced(app, mesh.calls(3));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void aProcessStartsFromTheSnapshotWhileThereIsNoControlPlane(int feature) {
        Map<String, String> environment = mesh.environment();
        environment.put("SIDESTEP_SNAPSHOT_DIR", folder.resolve("snapshot").toString());
        try (AppProcess app = mesh.start(Requirements.jdk(feature), HttpApp.class, environment)) {
            mesh.awaitBalanced(app, mesh.calls(3));
            Await.until(
                    "a snapshot",
                    TestMesh.SOON,
                    () -> Files.exists(folder.resolve("snapshot").resolve("agent.snapshot")));
        }
        mesh.stopControlPlane();

        try (AppProcess app = mesh.start(Requirements.jdk(feature), HttpApp.class, environment)) {
            mesh.awaitBalanced(app, mesh.calls(3));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void jmxShowsWhatIsKnown(int feature) {
        try (AppProcess app = mesh.balancedApp(feature)) {
            Await.until(
                    "the bean",
                    TestMesh.SOON,
                    () -> app.calls(Map.of("jmx", "Status")).get(0).contains("\"connected\":true"));

            assertThat(app.calls(Map.of("jmx", "Status")).get(0))
                    .contains("\"name\":\"backend-service.default.svc.cluster.local:"
                            + mesh.vip().port() + "\"")
                    .contains("\"pod\":\"pod-2\"")
                    .contains("\"state\":\"READY\"");
            assertThat(app.calls(Map.of("jmx", "Discovery")).get(0)).contains("\"lastError\":\"\"");
            assertThat(app.calls(Map.of("jmx", "why example.com")).get(0)).contains("UNKNOWN_SERVICE");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void everyRequestOfHttp2IsBalancedExactlyOverOneConnectionEach(int feature) {
        List<Http2Backend> backends =
                List.of(Http2Backend.start("pod-0"), Http2Backend.start("pod-1"), Http2Backend.start("pod-2"));
        try (AppProcess app = mesh.balancedApp(feature)) {
            for (int i = 0; i < 3; i++) {
                mesh.manifests()
                        .endpoint(
                                "backend-service",
                                "http",
                                "pod-" + i,
                                backends.get(i).port());
            }
            Await.until("calls on HTTP/2", TestMesh.SOON, () -> {
                app.calls(mesh.calls(3, "version", "HTTP_2"));
                return backends.stream().allMatch(backend -> backend.connections() == 1);
            });

            Map<String, Long> even = Map.of("200 pod-0", 30L, "200 pod-1", 30L, "200 pod-2", 30L);
            assertThat(TestMesh.counted(app.calls(mesh.calls(90, "version", "HTTP_2"))))
                    .isEqualTo(even);
            assertThat(TestMesh.counted(app.calls(mesh.calls(90, "version", "HTTP_2", "how", "async"))))
                    .isEqualTo(even);
            assertThat(backends).allSatisfy(backend -> {
                assertThat(backend.connections()).isOne();
                assertThat(backend.authorities())
                        .containsOnly("backend-service:" + mesh.vip().port());
            });
        } finally {
            backends.forEach(Http2Backend::close);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void aProxyOfTheApplicationGetsItsRequests(int feature) {
        try (AppProcess app = mesh.balancedApp(feature);
                FakeUpstream proxy = FakeUpstream.start("proxy", request -> Http1.Response.ok("by proxy"))) {
            assertThat(app.calls(mesh.calls(6, "proxy", Integer.toString(proxy.port()))))
                    .containsOnly("200 by proxy");
            assertThat(proxy.requests()).extracting(Http1.Request::target).containsOnly(mesh.url());
        }
    }
}
