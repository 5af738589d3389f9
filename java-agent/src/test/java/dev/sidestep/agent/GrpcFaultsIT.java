package dev.sidestep.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.testkit.Await;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of calls by grpc-java while one of three backends fails or is out of reach, as the policy has it. */
class GrpcFaultsIT {
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

    private void annotate(Callable<Boolean> isKnown, String... annotations) {
        greeter.annotate(annotations);
        Await.until("the policy", TestMesh.SOON, isKnown);
    }

    /** Whether the backend's failures are seen by nobody, though it gets calls. */
    private boolean isHidden(AppProcess app, int backend) {
        int before = greeter.backend(backend).calls();
        List<String> lines = app.calls(greeter.calls(9));
        return lines.stream().noneMatch(line -> line.contains("UNAVAILABLE"))
                && greeter.backend(backend).calls() - before >= 2;
    }

    @ParameterizedTest
    @CsvSource({"17,shaded", "17,1.60", "25,shaded", "25,netty"})
    void anUnavailableAnswerThatThePolicyNamesIsNotTheApplications(int feature, String library) throws IOException {
        try (AppProcess app = greeter.balancedApp(feature, library)) {
            greeter.backend(1).fail(Status.Code.UNAVAILABLE);
            assertThat(app.calls(greeter.calls(3))).as("without a policy").contains("UNAVAILABLE pod-1");
            annotate(() -> isHidden(app, 1), "retry-on", "grpc:unavailable", "ejection", "off");
            int before = greeter.backend(1).calls();

            List<String> lines = app.calls(greeter.calls(90, "how", "parallel"));

            assertThat(lines).hasSize(90).allMatch(line -> line.matches("pod-[02]"));
            assertThat(greeter.backend(1).calls() - before).isBetween(20, 60);
            greeter.backend(1).fail(Status.Code.INTERNAL);
            assertThat(app.calls(greeter.calls(9))).as("another code").contains("INTERNAL pod-1");
            greeter.backend(1).failLate(Status.Code.UNAVAILABLE);
            assertThat(app.calls(greeter.calls(9)))
                    .as("after something of the answer")
                    .anyMatch(line -> line.startsWith("UNAVAILABLE"));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void whatTheApplicationSaysOfRetriesItselfHolds(int feature) throws IOException {
        try (AppProcess app = greeter.balancedApp(feature, "shaded")) {
            greeter.awaitBalanced(app, greeter.calls(9, "policy", "noRetry"));
            greeter.awaitBalanced(app, greeter.calls(9, "policy", "config"));
            greeter.backend(1).fail(Status.Code.UNAVAILABLE);
            annotate(() -> isHidden(app, 1), "retry-on", "grpc:unavailable", "ejection", "off");

            assertThat(app.calls(greeter.calls(9, "policy", "noRetry"))).contains("UNAVAILABLE pod-1");
            assertThat(app.calls(greeter.calls(9, "policy", "config"))).contains("UNAVAILABLE pod-1");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void whereAllFailTheApplicationGetsTheLastStatusAndTheBudgetHolds(int feature) throws IOException {
        try (AppProcess app = greeter.balancedApp(feature, "shaded")) {
            greeter.backend(1).fail(Status.Code.UNAVAILABLE);
            annotate(() -> isHidden(app, 1), "retry-on", "grpc:unavailable", "ejection", "off");
            greeter.backends().forEach(backend -> backend.fail(Status.Code.UNAVAILABLE));
            int before =
                    greeter.backends().stream().mapToInt(GreeterServer::calls).sum();

            List<String> lines = app.calls(greeter.calls(600));

            assertThat(lines).hasSize(600).allMatch(line -> line.matches("UNAVAILABLE pod-[012]"));
            assertThat(greeter.backends().stream()
                                    .mapToInt(GreeterServer::calls)
                                    .sum()
                            - before)
                    .as("100 at once, 10 a second, and one for five calls")
                    .isBetween(600 + 120, 600 + 100 + 120 + 150);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void whatCannotConnectIsLeftAloneAfterTwoSecondsAndNoCallWaitsForIt(int feature) throws IOException {
        try (AppProcess app = greeter.balancedApp(feature, "shaded");
                BlackHole hole = new BlackHole()) {
            greeter.mesh().manifests().endpoint("greeter", "grpc", "pod-3", hole.port());
            List<String> lines = new ArrayList<>();
            app.calls(Map.of("jmx", "Status"));

            Await.until("it is left alone", TestMesh.SOON, () -> {
                lines.addAll(app.calls(greeter.calls(20, "timeout", "900")));
                return app.calls(Map.of("jmx", "Status")).get(0).contains("\"state\":\"EJECTED\"");
            });

            assertThat(lines).allMatch(line -> line.startsWith("pod-"));
            for (int i = 0; i < 3; i++) {
                greeter.mesh().manifests().withoutEndpoint("greeter", "pod-" + i);
            }
            long start = System.nanoTime();
            Await.until(
                    "a call that has nowhere else to go fails",
                    TestMesh.SOON,
                    () -> app.calls(greeter.calls(1, "timeout", "15000"))
                            .get(0)
                            .contains("[CONNECT_TIMEOUT: greeter.default"));
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(12));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void aCallTakesNoLongerThanThePolicyAllowsUnlessTheApplicationIsInMoreOfAHurry(int feature) throws IOException {
        try (AppProcess app = greeter.balancedApp(feature, "shaded")) {
            greeter.backends().forEach(GreeterServer::hang);
            annotate(
                    () -> app.calls(greeter.calls(1, "timeout", "1500")).get(0).contains("[DEADLINE: "),
                    "timeout-request",
                    "400ms");

            assertThat(app.calls(greeter.calls(1)).get(0))
                    .startsWith("DEADLINE_EXCEEDED")
                    .contains("[DEADLINE: greeter.default.svc.cluster.local:"
                            + greeter.vip().port() + ", tried 127.0.0.1:");
            assertThat(app.calls(greeter.calls(1, "timeout", "100")).get(0))
                    .startsWith("DEADLINE_EXCEEDED")
                    .doesNotContain("[DEADLINE");
        }
    }
}
