package dev.sidestep.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.testkit.Await;
import java.net.InetAddress;
import java.net.ServerSocket;
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

/** What becomes of calls by {@code java.net.http} where connecting to a backend takes too long. */
class ConnectFaultsIT {
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

    private static long millisOf(Runnable task) {
        long start = System.nanoTime();
        task.run();
        return Duration.ofNanos(System.nanoTime() - start).toMillis();
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 21, 25})
    void whatCannotConnectGoesElsewhereAfterASecondWhateverItsMethod(int feature) {
        try (AppProcess app = mesh.balancedApp(feature);
                BlackHole hole = new BlackHole()) {
            mesh.manifests().endpoint("backend-service", "http", "pod-3", hole.port());
            Await.until(
                    "the fourth endpoint",
                    TestMesh.SOON,
                    () -> app.calls(Map.of("jmx", "Status")).get(0).contains(":" + hole.port()));
            List<String> lines = new ArrayList<>();
            long millis = millisOf(() -> {
                lines.addAll(app.calls(mesh.calls(12, "how", "together", "timeout", "4000")));
                lines.addAll(app.calls(mesh.calls(12, "how", "together", "timeout", "4000", "method", "POST")));
                lines.addAll(app.calls(mesh.calls(40, "timeout", "4000")));
            });

            assertThat(TestMesh.failed(lines)).isEmpty();
            assertThat(millis).isBetween(900L, 8000L);
            assertThat(mesh.posts()).isEqualTo(12);
            assertThat(app.calls(Map.of("jmx", "Status")).get(0)).contains("\"state\":\"EJECTED\"");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void aConnectTimeOutOfTheApplicationThatIsShorterHolds(int feature) {
        try (AppProcess app = mesh.balancedApp(feature);
                BlackHole hole = new BlackHole()) {
            for (int i = 0; i < 3; i++) {
                mesh.manifests().withoutEndpoint("backend-service", "pod-" + i);
            }
            mesh.manifests().endpoint("backend-service", "http", "pod-3", hole.port());
            Await.until(
                    "calls to the black hole",
                    TestMesh.SOON,
                    () -> !TestMesh.failed(app.calls(mesh.calls(1, "connectTimeout", "200")))
                            .isEmpty());

            List<String> lines = new ArrayList<>();
            long millis = millisOf(() -> lines.addAll(app.calls(mesh.calls(1, "connectTimeout", "200"))));

            assertThat(lines).singleElement().asString().startsWith("java.net.http.HttpConnectTimeoutException");
            assertThat(millis).isBetween(190L, 900L);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void whereNothingCanBeConnectedToTheCallFailsSoonAndSaysWhy(int feature) {
        try (AppProcess app = mesh.balancedApp(feature);
                BlackHole hole = new BlackHole();
                BlackHole other = new BlackHole()) {
            for (int i = 0; i < 3; i++) {
                mesh.manifests().withoutEndpoint("backend-service", "pod-" + i);
            }
            mesh.manifests().endpoint("backend-service", "http", "pod-3", hole.port());
            mesh.manifests().endpoint("backend-service", "http", "pod-4", other.port());
            List<String> lines = new ArrayList<>();
            Await.until("calls to black holes", TestMesh.SOON, () -> {
                lines.clear();
                lines.addAll(app.calls(mesh.calls(1, "timeout", "30000")));
                return lines.get(0).contains(":" + other.port());
            });

            assertThat(lines)
                    .singleElement()
                    .asString()
                    .startsWith("java.net.ConnectException: HTTP connect timed out [CONNECT_TIMEOUT: backend-service.")
                    .contains(":" + hole.port());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void aHandshakeThatIsNotAnsweredCountsAsAConnectThatIsNot(int feature) throws Exception {
        try (AppProcess app = mesh.balancedApp(feature);
                ServerSocket mute = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            for (int i = 0; i < 3; i++) {
                mesh.manifests().withoutEndpoint("backend-service", "pod-" + i);
            }
            mesh.manifests().endpoint("backend-service", "http", "pod-3", mute.getLocalPort());
            String https = mesh.url().replace("http:", "https:");
            for (String version : List.of("HTTP_1_1", "HTTP_2")) {
                List<String> lines = new ArrayList<>();
                Await.until(
                        "calls to the mute one",
                        TestMesh.SOON,
                        () -> {
                            lines.clear();
                            lines.addAll(
                                    app.calls(mesh.calls(1, "url", https, "version", version, "timeout", "15000")));
                            return lines.get(0).contains(":" + mute.getLocalPort());
                        },
                        lines::toString);

                assertThat(lines).singleElement().asString().contains("[CONNECT_TIMEOUT: ");
            }
        }
    }
}
