package dev.sidestep.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.ChildProcess;
import dev.sidestep.testkit.Requirements;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
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

    private TestGreeter greeter;

    @BeforeEach
    void start() {
        greeter = new TestGreeter(folder);
    }

    @AfterEach
    void stop() {
        greeter.close();
    }

    @ParameterizedTest
    @CsvSource({"17,shaded", "17,netty", "17,1.60", "25,shaded", "25,netty", "25,1.60"})
    void everyCallIsBalancedExactlyOverOneConnectionEach(int feature, String library) throws IOException {
        try (AppProcess app = greeter.start(feature, library)) {
            for (String policy : List.of("", "none", "round_robin")) {
                greeter.awaitBalanced(app, greeter.calls(9, "policy", policy));

                assertThat(TestMesh.counted(app.calls(greeter.calls(90, "policy", policy))))
                        .as("policy \"%s\"", policy)
                        .isEqualTo(Map.of("pod-0", 30L, "pod-1", 30L, "pod-2", 30L));
            }
            assertThat(greeter.backend(0).authorities()).containsOnly(greeter.target());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void callsAfterAKillGoElsewhereAndComeBackAfterTheRestart(int feature) throws IOException {
        try (AppProcess app = greeter.balancedApp(feature, "shaded")) {
            greeter.backend(1).kill();
            List<String> lines = app.calls(greeter.calls(300));

            // One may have been on its way when the connection was cut.
            assertThat(lines.stream().filter(line -> line.contains("[RESET_AFTER_SEND")))
                    .hasSizeLessThanOrEqualTo(1);
            assertThat(lines)
                    .allMatch(
                            line -> line.equals("pod-0") || line.equals("pod-2") || line.contains("[RESET_AFTER_SEND"));

            greeter.backend(1).restart();
            greeter.awaitBalanced(app, greeter.calls(9));
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
                AppProcess app = greeter.start(feature, "shaded")) {
            String line = doomed.awaitLine("listening on ", TestMesh.SOON);
            String port = line.substring(line.lastIndexOf(' ') + 1);
            greeter.mesh().manifests().endpoint("greeter", "grpc", "pod-1", Integer.parseInt(port));
            greeter.awaitBalanced(app, greeter.calls(9));
            List<String> ended = new CopyOnWriteArrayList<>();
            Thread calling = new Thread(() ->
                    ended.addAll(app.calls(greeter.calls(6, "message", "hang", "timeout", "3000", "how", "parallel"))));
            int before = greeter.backend(0).calls() + greeter.backend(2).calls();
            calling.start();
            Await.until(
                    "calls under way",
                    TestMesh.SOON,
                    () -> greeter.backend(0).calls() + greeter.backend(2).calls() == before + 4);
            doomed.kill();
            calling.join();

            assertThat(String.join("\n", ended))
                    .contains("UNAVAILABLE")
                    .contains("[RESET_AFTER_SEND: greeter.default.svc.cluster.local:"
                            + greeter.vip().port())
                    .contains("127.0.0.1:" + port);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void aHungBackendIsLeftAlone(int feature) throws IOException {
        try (AppProcess app = greeter.balancedApp(feature, "shaded")) {
            app.calls(greeter.calls(1000)); // A caller who gives up sooner than ten times the usual says nothing.
            greeter.backend(2).hang();
            List<String> during = app.calls(greeter.calls(30, "timeout", "1500"));
            List<String> after = app.calls(greeter.calls(100, "timeout", "1500"));

            assertThat(during.stream().filter(line -> line.startsWith("DEADLINE")))
                    .hasSizeLessThan(8);
            assertThat(after).allMatch(line -> line.startsWith("pod-"));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void scaledToZeroCallsGoWhereTheyWentAndScaledUpTheyAreBalancedAgain(int feature) throws IOException {
        try (AppProcess app = greeter.balancedApp(feature, "shaded")) {
            for (int i = 0; i < 3; i++) {
                greeter.mesh().manifests().withoutEndpoint("greeter", "pod-" + i);
            }
            Await.until(
                    "calls on the VIP",
                    TestMesh.SOON,
                    () -> app.calls(greeter.calls(9)).stream().allMatch("vip"::equals));

            for (int i = 0; i < 3; i++) {
                greeter.mesh()
                        .manifests()
                        .endpoint(
                                "greeter",
                                "grpc",
                                "pod-" + i,
                                greeter.backend(i).port());
            }
            greeter.awaitBalanced(app, greeter.calls(9));
        }
    }

    @ParameterizedTest
    @CsvSource({"17,UNAVAILABLE", "17,INTERNAL", "25,UNAVAILABLE", "25,NOT_FOUND"})
    void anErrorOfTheApplicationItselfLeavesNobodyAlone(int feature, String code) throws IOException {
        try (AppProcess app = greeter.balancedApp(feature, "shaded")) {
            app.calls(greeter.calls(30));

            List<String> broken = app.calls(greeter.calls(90, "message", "fail " + code));
            List<String> after = app.calls(greeter.calls(90));

            assertThat(TestMesh.counted(broken))
                    .isEqualTo(Map.of(code + " pod-0", 30L, code + " pod-1", 30L, code + " pod-2", 30L));
            assertThat(TestMesh.counted(after)).isEqualTo(Map.of("pod-0", 30L, "pod-1", 30L, "pod-2", 30L));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void withoutAControlPlaneCallsGoWhereTheyWentAndModeIsFollowedLive(int feature) throws IOException {
        greeter.mesh().stopControlPlane();
        try (AppProcess app = greeter.start(feature, "shaded")) {
            assertThat(app.calls(greeter.calls(20))).containsOnly("vip");

            greeter.mesh().startControlPlane();
            greeter.awaitBalanced(app, greeter.calls(9));
            greeter.annotate("mode", "off");
            Await.until(
                    "calls on the VIP",
                    TestMesh.SOON,
                    () -> app.calls(greeter.calls(9)).stream().allMatch("vip"::equals));
            greeter.annotate();
            greeter.awaitBalanced(app, greeter.calls(9));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void aProcessStartsFromTheSnapshotWhileThereIsNoControlPlane(int feature) throws IOException {
        Map<String, String> environment = greeter.mesh().environment();
        Path snapshots = folder.resolve("snapshot");
        environment.put("SIDESTEP_SNAPSHOT_DIR", snapshots.toString());
        try (AppProcess app = greeter.start(feature, "shaded", environment)) {
            greeter.awaitBalanced(app, greeter.calls(9));
            Await.until("a snapshot", TestMesh.SOON, () -> Files.exists(snapshots.resolve("agent.snapshot")));
        }
        greeter.mesh().stopControlPlane();

        try (AppProcess app = greeter.start(feature, "shaded", environment)) {
            greeter.awaitBalanced(app, greeter.calls(9));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void channelsToOtherNamesAreLeftAsTheyAre(int feature) throws IOException {
        try (AppProcess app = greeter.balancedApp(feature, "shaded")) {
            assertThat(app.calls(greeter.calls(
                            5, "target", "localhost:" + greeter.vip().port())))
                    .containsOnly("vip");
            assertThat(app.calls(greeter.calls(
                            5, "target", "dns:///localhost:" + greeter.vip().port())))
                    .containsOnly("vip");
        }
    }
}
