package dev.sidestep.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.agent.app.GrpcApp;
import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.ChildProcess;
import dev.sidestep.testkit.Requirements;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Calls by grpc-java in real JVMs, with the shipped jar and a real control plane. */
class GrpcIT {
    @TempDir
    private Path folder;

    private TestMesh mesh;
    private GreeterServer vip;
    private List<GreeterServer> backends;

    @BeforeEach
    void start() {
        mesh = new TestMesh(folder);
        vip = GreeterServer.start("vip");
        backends = IntStream.range(0, 3)
                .mapToObj(i -> GreeterServer.start("pod-" + i))
                .toList();
        mesh.manifests().service("greeter", "grpc", vip.port());
        for (int i = 0; i < 3; i++) {
            mesh.manifests()
                    .endpoint("greeter", "grpc", "pod-" + i, backends.get(i).port());
        }
    }

    @AfterEach
    void stop() {
        mesh.close();
        vip.close();
        backends.forEach(GreeterServer::close);
    }

    private Map<String, String> calls(int count, String... more) {
        Map<String, String> query =
                new HashMap<>(Map.of("target", "greeter:" + vip.port(), "count", Integer.toString(count)));
        for (int i = 0; i < more.length; i += 2) {
            query.put(more[i], more[i + 1]);
        }
        return query;
    }

    private AppProcess app(int feature, String library) throws IOException {
        return mesh.start(Requirements.jdk(feature), GrpcApp.class, mesh.environment(), libraries(library));
    }

    private AppProcess balancedApp(int feature) throws IOException {
        AppProcess app = app(feature, "shaded");
        awaitBalanced(app);
        return app;
    }

    /** Until each endpoint has a connection. */
    private static void awaitBalanced(AppProcess app, Map<String, String> calls) {
        Await.until(
                "balanced calls",
                TestMesh.SOON,
                () -> TestMesh.counted(app.calls(calls)).keySet().equals(Set.of("pod-0", "pod-1", "pod-2")),
                () -> app.calls(calls) + String.join("\n", app.process().output()));
    }

    private void awaitBalanced(AppProcess app) {
        awaitBalanced(app, calls(9));
    }

    static List<Path> libraries(String library) throws IOException {
        String grpc = switch (library) {
            case "shaded" -> "grpc-(api|core|util|stub|netty-shaded)-1.8.*";
            case "netty" -> "grpc-(api|core|util|stub|netty)-1.8.*|netty-.*4\\.2.*";
            default -> "none";
        };
        String all = grpc + "|(guava|failureaccess|perfmark-api|gson|annotations|jspecify|error_prone).*";
        Stream<Path> current = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .map(Path::of)
                .filter(path -> path.getFileName().toString().matches(all));
        if (!library.equals("1.60")) {
            return current.toList();
        }
        try (Stream<Path> old = Files.list(Path.of("target", "old-grpc"))) {
            return Stream.concat(old.sorted(), current).toList();
        }
    }

    @ParameterizedTest
    @CsvSource({"17,shaded", "17,netty", "17,1.60", "25,shaded", "25,netty", "25,1.60"})
    void everyCallIsBalancedExactlyOverOneConnectionEach(int feature, String library) throws IOException {
        try (AppProcess app = app(feature, library)) {
            for (String policy : List.of("", "none", "round_robin")) {
                awaitBalanced(app, calls(9, "policy", policy));

                assertThat(TestMesh.counted(app.calls(calls(90, "policy", policy))))
                        .as("policy \"%s\"", policy)
                        .isEqualTo(Map.of("pod-0", 30L, "pod-1", 30L, "pod-2", 30L));
            }
            assertThat(backends.get(0).authorities()).containsOnly("greeter:" + vip.port());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void callsAfterAKillGoElsewhereAndComeBackAfterTheRestart(int feature) throws IOException {
        try (AppProcess app = balancedApp(feature)) {
            backends.get(1).kill();
            List<String> lines = app.calls(calls(300));

            // One may have been on its way when the connection was cut.
            assertThat(lines.stream().filter(line -> line.contains("[RESET_AFTER_SEND")))
                    .hasSizeLessThanOrEqualTo(1);
            assertThat(lines)
                    .allMatch(
                            line -> line.equals("pod-0") || line.equals("pod-2") || line.contains("[RESET_AFTER_SEND"));

            backends.get(1).restart();
            awaitBalanced(app);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void aCallInFlightAtTheKillFailsAndSaysWhy(int feature) throws IOException, InterruptedException {
        ChildProcess doomed = ChildProcess.start(
                "pod-1",
                List.of(
                        Requirements.jdk(17).java().toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        GreeterServer.class.getName(),
                        "pod-1"));
        try (doomed;
                AppProcess app = app(feature, "shaded")) {
            String line = doomed.awaitLine("listening on ", TestMesh.SOON);
            String port = line.substring(line.lastIndexOf(' ') + 1);
            mesh.manifests().endpoint("greeter", "grpc", "pod-1", Integer.parseInt(port));
            awaitBalanced(app);
            List<String> ended = new CopyOnWriteArrayList<>();
            Thread calling = new Thread(
                    () -> ended.addAll(app.calls(calls(6, "message", "hang", "timeout", "3000", "how", "parallel"))));
            int before = backends.get(0).calls() + backends.get(2).calls();
            calling.start();
            Await.until(
                    "calls under way",
                    TestMesh.SOON,
                    () -> backends.get(0).calls() + backends.get(2).calls() == before + 4);
            doomed.kill();
            calling.join();

            assertThat(String.join("\n", ended))
                    .contains("UNAVAILABLE")
                    .contains("[RESET_AFTER_SEND: greeter.default.svc.cluster.local:" + vip.port())
                    .contains("127.0.0.1:" + port);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void aHungBackendIsLeftAlone(int feature) throws IOException {
        try (AppProcess app = balancedApp(feature)) {
            app.calls(calls(1000)); // A caller who gives up sooner than ten times the usual says nothing.
            backends.get(2).hang();
            List<String> during = app.calls(calls(30, "timeout", "1500"));
            List<String> after = app.calls(calls(100, "timeout", "1500"));

            assertThat(during.stream().filter(line -> line.startsWith("DEADLINE")))
                    .hasSizeLessThan(8);
            assertThat(after).allMatch(line -> line.startsWith("pod-"));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void scaledToZeroCallsGoWhereTheyWentAndScaledUpTheyAreBalancedAgain(int feature) throws IOException {
        try (AppProcess app = balancedApp(feature)) {
            for (int i = 0; i < 3; i++) {
                mesh.manifests().withoutEndpoint("greeter", "pod-" + i);
            }
            Await.until(
                    "calls on the VIP",
                    TestMesh.SOON,
                    () -> app.calls(calls(9)).stream().allMatch("vip"::equals));

            for (int i = 0; i < 3; i++) {
                mesh.manifests()
                        .endpoint("greeter", "grpc", "pod-" + i, backends.get(i).port());
            }
            awaitBalanced(app);
        }
    }

    @ParameterizedTest
    @CsvSource({"17,UNAVAILABLE", "17,INTERNAL", "25,UNAVAILABLE", "25,NOT_FOUND"})
    void anErrorOfTheApplicationItselfLeavesNobodyAlone(int feature, String code) throws IOException {
        try (AppProcess app = balancedApp(feature)) {
            app.calls(calls(30));

            List<String> broken = app.calls(calls(90, "message", "fail " + code));
            List<String> after = app.calls(calls(90));

            assertThat(TestMesh.counted(broken))
                    .isEqualTo(Map.of(code + " pod-0", 30L, code + " pod-1", 30L, code + " pod-2", 30L));
            assertThat(TestMesh.counted(after)).isEqualTo(Map.of("pod-0", 30L, "pod-1", 30L, "pod-2", 30L));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void withoutAControlPlaneCallsGoWhereTheyWentAndModeIsFollowedLive(int feature) throws IOException {
        mesh.stopControlPlane();
        try (AppProcess app = app(feature, "shaded")) {
            assertThat(app.calls(calls(20))).containsOnly("vip");

            mesh.startControlPlane();
            awaitBalanced(app);
            mesh.manifests().write("service-greeter.yaml", """
                    apiVersion: v1
                    kind: Service
                    metadata:
                      name: greeter
                      namespace: default
                      annotations: {sidestep.dev/mode: "off"}
                    spec:
                      clusterIP: 127.0.0.1
                      ports:
                        - {name: grpc, port: %d, targetPort: grpc}
                    """.formatted(vip.port()));
            Await.until(
                    "calls on the VIP",
                    TestMesh.SOON,
                    () -> app.calls(calls(9)).stream().allMatch("vip"::equals));
            mesh.manifests().service("greeter", "grpc", vip.port());
            awaitBalanced(app);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void aProcessStartsFromTheSnapshotWhileThereIsNoControlPlane(int feature) throws IOException {
        Map<String, String> environment = mesh.environment();
        Path snapshots = folder.resolve("snapshot");
        environment.put("SIDESTEP_SNAPSHOT_DIR", snapshots.toString());
        try (AppProcess app = mesh.start(Requirements.jdk(feature), GrpcApp.class, environment, libraries("shaded"))) {
            awaitBalanced(app);
            Await.until("a snapshot", TestMesh.SOON, () -> Files.exists(snapshots.resolve("agent.snapshot")));
        }
        mesh.stopControlPlane();

        try (AppProcess app = mesh.start(Requirements.jdk(feature), GrpcApp.class, environment, libraries("shaded"))) {
            awaitBalanced(app);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void channelsToOtherNamesAreLeftAsTheyAre(int feature) throws IOException {
        try (AppProcess app = balancedApp(feature)) {
            assertThat(app.calls(calls(5, "target", "localhost:" + vip.port()))).containsOnly("vip");
            assertThat(app.calls(calls(5, "target", "dns:///localhost:" + vip.port())))
                    .containsOnly("vip");
        }
    }
}
