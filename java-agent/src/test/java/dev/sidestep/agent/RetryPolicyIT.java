package dev.sidestep.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.FakeUpstream;
import dev.sidestep.testkit.Http1;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of calls by {@code java.net.http} that the Service's policy has made again. */
class RetryPolicyIT {
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

    /** Annotates the Service and waits until {@code app} shows by its calls that it knows. */
    private void annotate(Callable<Boolean> isKnown, String... annotations) {
        mesh.annotate(annotations);
        Await.until("the policy", TestMesh.SOON, isKnown);
    }

    /** Whether failures of the second backend are seen by nobody, though it gets calls. */
    private boolean isHidden(AppProcess app) {
        int before = mesh.backend(1).requestCount();
        return TestMesh.failed(app.calls(mesh.calls(9))).isEmpty()
                && mesh.backend(1).requestCount() - before >= 2;
    }

    private static long millisOf(Runnable task) {
        long start = System.nanoTime();
        task.run();
        return Duration.ofNanos(System.nanoTime() - start).toMillis();
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 21, 25})
    void answersThatThePolicyNamesAreNotTheApplications(int feature) {
        try (AppProcess app = mesh.balancedApp(feature)) {
            app.calls(mesh.calls(30));
            mesh.backend(1).fail(new FakeUpstream.Fault.Status(503));
            assertThat(TestMesh.failed(app.calls(mesh.calls(3))))
                    .as("without a policy")
                    .containsExactly("503 pod-1");
            mesh.backend(1).heal();
            app.calls(mesh.calls(6));
            mesh.backend(1).fail(new FakeUpstream.Fault.Status(503));
            annotate(() -> isHidden(app), "retry-on", "5xx", "ejection", "off");
            int before = mesh.backend(1).requestCount();

            List<String> gets = app.calls(mesh.calls(60, "how", "async"));
            List<String> posts = app.calls(mesh.calls(60, "method", "POST"));

            assertThat(gets).hasSize(60).allMatch(line -> line.matches("200 pod-[02]"));
            assertThat(posts).hasSize(60).allMatch(line -> line.matches("200 pod-[02]"));
            assertThat(mesh.backend(1).requestCount() - before).isBetween(15, 60);
            assertThat(mesh.backend(0).requests().stream()
                            .filter(request -> request.method().equals("POST"))
                            .map(Http1.Request::body))
                    .containsOnly("body");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void whereAllFailTheApplicationGetsTheLastAnswerAndTheBudgetHolds(int feature) {
        try (AppProcess app = mesh.balancedApp(feature)) {
            annotate(
                    () -> {
                        mesh.backend(1).fail(new FakeUpstream.Fault.Status(502));
                        return isHidden(app);
                    },
                    "retry-on",
                    "gateway-error",
                    "retry-attempts",
                    "2",
                    "ejection",
                    "off");
            for (int i = 0; i < 3; i++) {
                mesh.backend(i).fail(new FakeUpstream.Fault.Status(503));
            }
            int before = mesh.requests();
            List<String> lines = app.calls(mesh.calls(600, "how", "async"));

            assertThat(lines).hasSize(600).allMatch(line -> line.matches("503 pod-[012]"));
            assertThat(mesh.requests() - before)
                    .as("100 at once, 10 a second, and one for five calls")
                    .isBetween(600 + 120, 600 + 100 + 120 + 150);

            for (int i = 0; i < 3; i++) {
                mesh.backend(i).fail(new FakeUpstream.Fault.Status(500));
            }
            before = mesh.requests();
            assertThat(app.calls(mesh.calls(9))).allMatch(line -> line.matches("500 pod-[012]"));
            assertThat(mesh.requests() - before).as("500 is no gateway error").isEqualTo(9);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void answersOfHttp2ThatThePolicyNamesAreNotTheApplications(int feature) {
        try (AppProcess app = mesh.balancedApp(feature)) {
            List<Http2Backend> backends = mesh.speakHttp2(app);
            backends.get(1).answer(503);
            annotate(
                    () -> {
                        int sofar = backends.get(1).requests();
                        return TestMesh.failed(app.calls(mesh.calls(9, "version", "HTTP_2")))
                                        .isEmpty()
                                && backends.get(1).requests() - sofar >= 2;
                    },
                    "retry-on",
                    "5xx",
                    "ejection",
                    "off");
            int before = backends.get(1).requests();

            List<String> gets = app.calls(mesh.calls(60, "how", "async", "version", "HTTP_2"));
            List<String> posts = app.calls(mesh.calls(60, "method", "POST", "version", "HTTP_2"));

            assertThat(gets).hasSize(60).allMatch(line -> line.matches("200 pod-[02]"));
            assertThat(posts).hasSize(60).allMatch(line -> line.matches("200 pod-[02]"));
            assertThat(backends.get(1).requests() - before).isBetween(15, 60);
            assertThat(backends.get(1).connections()).isOne();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void anAttemptThatTakesTooLongGoesElsewhereIfItMayAndElseFails(int feature) {
        try (AppProcess app = mesh.balancedApp(feature)) {
            app.calls(mesh.calls(30));
            mesh.backend(1).fail(new FakeUpstream.Fault.Slow(Duration.ofSeconds(2)));
            annotate(
                    () -> millisOf(() -> app.calls(mesh.calls(3))) < 1500,
                    "timeout-backend-request",
                    "300ms",
                    "ejection",
                    "off");

            List<String> gets = app.calls(mesh.calls(12));
            List<String> posts = app.calls(mesh.calls(12, "method", "POST", "how", "together"));

            assertThat(gets).hasSize(12).allMatch(line -> line.matches("200 pod-[02]"));
            assertThat(TestMesh.failed(posts))
                    .hasSize(4)
                    .allMatch(
                            line -> line.startsWith("java.net.http.HttpTimeoutException: request timed out [DEADLINE: ")
                                    && line.contains(":" + mesh.backend(1).port()));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void allAttemptsTogetherTakeNoLongerThanTheApplicationOrThePolicyAllows(int feature) {
        try (AppProcess app = mesh.balancedApp(feature)) {
            app.calls(mesh.calls(30));
            for (int i = 0; i < 3; i++) {
                mesh.backend(i).fail(new FakeUpstream.Fault.Slow(Duration.ofSeconds(6)));
            }
            int before = mesh.requests();
            annotate(
                    () -> {
                        app.calls(mesh.calls(1, "timeout", "700"));
                        return mesh.requests() - before > 2;
                    },
                    "timeout-backend-request",
                    "300ms",
                    "retry-attempts",
                    "10",
                    "ejection",
                    "off");
            List<String> lines = new ArrayList<>();
            long millis = millisOf(() -> lines.addAll(app.calls(mesh.calls(1, "timeout", "1000"))));

            assertThat(lines.get(0)).startsWith("java.net.http.HttpTimeoutException: request timed out");
            assertThat(lines.get(0)).as("its own").doesNotContain("DEADLINE");
            assertThat(millis).isBetween(950L, 1290L);

            annotate(
                    () -> app.calls(mesh.calls(1, "timeout", "1500")).get(0).contains("[DEADLINE: "),
                    "timeout-request",
                    "700ms",
                    "timeout-backend-request",
                    "300ms",
                    "retry-attempts",
                    "10",
                    "ejection",
                    "off");
            millis = millisOf(() -> lines.addAll(app.calls(mesh.calls(1, "timeout", "5000"))));

            assertThat(lines.get(1)).startsWith("java.net.http.HttpTimeoutException: request timed out [DEADLINE: ");
            assertThat(millis).isBetween(650L, 1100L);
        }
    }
}
