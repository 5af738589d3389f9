package dev.sidestep.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.agent.app.GrpcApp;
import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.Requirements;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
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
        annotate();
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

    private AppProcess balancedApp(int feature, String library) throws IOException {
        AppProcess app =
                mesh.start(Requirements.jdk(feature), GrpcApp.class, mesh.environment(), GrpcIT.libraries(library));
        awaitBalanced(app, "");
        return app;
    }

    private void awaitBalanced(AppProcess app, String policy) {
        Await.until(
                "balanced calls",
                TestMesh.SOON,
                () -> TestMesh.counted(app.calls(calls(9, "policy", policy)))
                        .keySet()
                        .equals(Set.of("pod-0", "pod-1", "pod-2")));
    }

    private void annotate(String... annotations) {
        String all = Stream.of(annotations).map(each -> "sidestep.dev/" + each).collect(Collectors.joining(", "));
        mesh.manifests().write("service-greeter.yaml", """
                apiVersion: v1
                kind: Service
                metadata:
                  name: greeter
                  namespace: default
                  annotations: {%s}
                spec:
                  clusterIP: 127.0.0.1
                  ports:
                    - {name: grpc, port: %d, targetPort: grpc}
                """.formatted(all, vip.port()));
    }

    private void annotate(Callable<Boolean> isKnown, String... annotations) {
        annotate(annotations);
        Await.until("the policy", TestMesh.SOON, isKnown);
    }

    /** Whether the backend's failures are seen by nobody, though it gets calls. */
    private boolean isHidden(AppProcess app, int backend) {
        int before = backends.get(backend).calls();
        List<String> lines = app.calls(calls(9));
        return lines.stream().noneMatch(line -> line.contains("UNAVAILABLE"))
                && backends.get(backend).calls() - before >= 2;
    }

    @ParameterizedTest
    @CsvSource({"17,shaded", "17,1.60", "25,shaded", "25,netty"})
    void anUnavailableAnswerThatThePolicyNamesIsNotTheApplications(int feature, String library) throws IOException {
        try (AppProcess app = balancedApp(feature, library)) {
            backends.get(1).fail(Status.Code.UNAVAILABLE);
            assertThat(app.calls(calls(3))).as("without a policy").contains("UNAVAILABLE pod-1");
            annotate(() -> isHidden(app, 1), "retry-on: \"grpc:unavailable\"", "ejection: \"off\"");
            int before = backends.get(1).calls();

            List<String> lines = app.calls(calls(90, "how", "parallel"));

            assertThat(lines).hasSize(90).allMatch(line -> line.matches("pod-[02]"));
            assertThat(backends.get(1).calls() - before).isBetween(20, 60);
            backends.get(1).fail(Status.Code.INTERNAL);
            assertThat(app.calls(calls(9))).as("another code").contains("INTERNAL pod-1");
            backends.get(1).failLate(Status.Code.UNAVAILABLE);
            assertThat(app.calls(calls(9)))
                    .as("after something of the answer")
                    .anyMatch(line -> line.startsWith("UNAVAILABLE"));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void whatTheApplicationSaysOfRetriesItselfHolds(int feature) throws IOException {
        try (AppProcess app = balancedApp(feature, "shaded")) {
            awaitBalanced(app, "noRetry");
            awaitBalanced(app, "config");
            backends.get(1).fail(Status.Code.UNAVAILABLE);
            annotate(() -> isHidden(app, 1), "retry-on: \"grpc:unavailable\"", "ejection: \"off\"");

            assertThat(app.calls(calls(9, "policy", "noRetry"))).contains("UNAVAILABLE pod-1");
            assertThat(app.calls(calls(9, "policy", "config"))).contains("UNAVAILABLE pod-1");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void whereAllFailTheApplicationGetsTheLastStatusAndTheBudgetHolds(int feature) throws IOException {
        try (AppProcess app = balancedApp(feature, "shaded")) {
            backends.get(1).fail(Status.Code.UNAVAILABLE);
            annotate(() -> isHidden(app, 1), "retry-on: \"grpc:unavailable\"", "ejection: \"off\"");
            backends.forEach(backend -> backend.fail(Status.Code.UNAVAILABLE));
            int before = backends.stream().mapToInt(GreeterServer::calls).sum();

            List<String> lines = app.calls(calls(600));

            assertThat(lines).hasSize(600).allMatch(line -> line.matches("UNAVAILABLE pod-[012]"));
            assertThat(backends.stream().mapToInt(GreeterServer::calls).sum() - before)
                    .as("100 at once, 10 a second, and one for five calls")
                    .isBetween(600 + 120, 600 + 100 + 120 + 150);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void whatCannotConnectIsLeftAloneAfterTwoSecondsAndNoCallWaitsForIt(int feature) throws IOException {
        try (AppProcess app = balancedApp(feature, "shaded");
                BlackHole hole = new BlackHole()) {
            mesh.manifests().endpoint("greeter", "grpc", "pod-3", hole.port());
            List<String> lines = new ArrayList<>();
            app.calls(Map.of("jmx", "Status"));

            Await.until("it is left alone", TestMesh.SOON, () -> {
                lines.addAll(app.calls(calls(20, "timeout", "900")));
                return app.calls(Map.of("jmx", "Status")).get(0).contains("\"state\":\"EJECTED\"");
            });

            assertThat(lines).allMatch(line -> line.startsWith("pod-"));
            for (int i = 0; i < 3; i++) {
                mesh.manifests().withoutEndpoint("greeter", "pod-" + i);
            }
            long start = System.nanoTime();
            Await.until(
                    "a call that has nowhere else to go fails",
                    TestMesh.SOON,
                    () -> app.calls(calls(1, "timeout", "15000")).get(0).contains("[CONNECT_TIMEOUT: greeter.default"));
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(12));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void aCallTakesNoLongerThanThePolicyAllowsUnlessTheApplicationIsInMoreOfAHurry(int feature) throws IOException {
        try (AppProcess app = balancedApp(feature, "shaded")) {
            backends.forEach(GreeterServer::hang);
            annotate(
                    () -> app.calls(calls(1, "timeout", "1500")).get(0).contains("[DEADLINE: "),
                    "timeout-request: \"400ms\"");

            assertThat(app.calls(calls(1)).get(0))
                    .startsWith("DEADLINE_EXCEEDED")
                    .contains("[DEADLINE: greeter.default.svc.cluster.local:" + vip.port() + ", tried 127.0.0.1:");
            assertThat(app.calls(calls(1, "timeout", "100")).get(0))
                    .startsWith("DEADLINE_EXCEEDED")
                    .doesNotContain("[DEADLINE");
        }
    }
}
