package dev.sidestep.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.agent.app.HttpApp;
import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.FakeUpstream;
import dev.sidestep.testkit.Http1;
import dev.sidestep.testkit.Requirements;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of calls by {@code java.net.http} while one of three backends hangs, is out of reach, or fails. */
class HttpFaultsIT {
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

    private Map<String, String> calls(int count, String... more) {
        Map<String, String> query = new HashMap<>(Map.of("url", mesh.url(), "count", Integer.toString(count)));
        for (int i = 0; i < more.length; i += 2) {
            query.put(more[i], more[i + 1]);
        }
        return query;
    }

    private AppProcess balancedApp(int feature) {
        AppProcess app = mesh.start(Requirements.jdk(feature), HttpApp.class, mesh.environment());
        mesh.awaitBalanced(app, calls(1));
        return app;
    }

    /** Annotates the Service and waits until {@code app} shows by its calls that it knows. */
    private void annotate(Callable<Boolean> isKnown, String... annotations) {
        mesh.annotate(annotations);
        Await.until("the policy", TestMesh.SOON, isKnown);
    }

    /** Whether failures of the second backend are seen by nobody, though it gets calls. */
    private boolean isHidden(AppProcess app) {
        int before = mesh.backend(1).requestCount();
        return failed(app.calls(calls(9))).isEmpty() && mesh.backend(1).requestCount() - before >= 2;
    }

    private static List<String> failed(List<String> lines) {
        return lines.stream().filter(line -> !line.startsWith("200 ")).toList();
    }

    private static long millisOf(Runnable task) {
        long start = System.nanoTime();
        task.run();
        return Duration.ofNanos(System.nanoTime() - start).toMillis();
    }

    private int posts() {
        int posts = 0;
        for (int i = 0; i < 3; i++) {
            posts += (int) mesh.backend(i).requests().stream()
                    .filter(request -> request.method().equals("POST"))
                    .count();
        }
        return posts;
    }

    private static void hold(CompletableFuture<?> done, Runnable meanwhile) {
        while (!done.isDone()) {
            meanwhile.run();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 21, 25})
    void getsInFlightOnAHungBackendAreMovedAndPostsStayAndAreAnsweredLater(int feature) {
        try (AppProcess app = balancedApp(feature)) {
            app.calls(calls(1000, "how", "async")); // So that it is known how long an answer takes.
            int before = mesh.backend(2).requestCount();
            mesh.backend(2).fail(new FakeUpstream.Fault.Hang());
            CompletableFuture<List<String>> posts = CompletableFuture.supplyAsync(
                    () -> app.calls(calls(6, "how", "together", "method", "POST", "timeout", "20000")));
            CompletableFuture<List<String>> gets =
                    CompletableFuture.supplyAsync(() -> app.calls(calls(60, "how", "together", "timeout", "4000")));
            // Others that answer are what shows that this one hangs.
            hold(gets, () -> app.calls(calls(3, "timeout", "4000")));

            assertThat(gets.join()).hasSize(60).allMatch(line -> line.matches("200 pod-[01]"));
            assertThat(posts.isDone()).as("POSTs wait on").isFalse();
            assertThat(mesh.backend(2).requestCount())
                    .as("GETs were in flight there")
                    .isGreaterThanOrEqualTo(before + 20);
            mesh.backend(2).heal();

            assertThat(posts.join()).hasSize(6).contains("200 pod-2").allMatch(line -> line.startsWith("200 pod-"));
            assertThat(posts()).as("no POST twice").isEqualTo(6);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void noGetOfALoadFailsWhileABackendHangsAndWhenItIsBack(int feature) {
        try (AppProcess app = balancedApp(feature)) {
            CompletableFuture<List<String>> load =
                    CompletableFuture.supplyAsync(() -> app.calls(calls(1, "load", "200", "timeout", "5000")));
            awaitCalls(400);
            mesh.backend(2).fail(new FakeUpstream.Fault.Hang());
            awaitCalls(1200);
            mesh.backend(2).heal();
            int before = mesh.backend(2).requestCount();
            Await.until(
                    "calls to the one that is back",
                    TestMesh.SOON,
                    () -> mesh.backend(2).requestCount() - before > 100);
            app.calls(Map.of("stop", "load"));

            assertThat(load.join()).hasSizeGreaterThan(1500).allMatch(line -> line.matches("[0-9]+ 200 pod-[012]"));
        }
    }

    private void awaitCalls(int more) {
        int before = requests();
        Await.until(more + " calls", TestMesh.SOON, () -> requests() - before >= more);
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void aStreamOnAHungBackendIsMovedAndItsConnectionStays(int feature) {
        List<Http2Backend> backends =
                List.of(Http2Backend.start("pod-0"), Http2Backend.start("pod-1"), Http2Backend.start("pod-2"));
        try (AppProcess app = balancedApp(feature)) {
            for (int i = 0; i < 3; i++) {
                mesh.manifests()
                        .endpoint(
                                "backend-service",
                                "http",
                                "pod-" + i,
                                backends.get(i).port());
            }
            Await.until("calls on HTTP/2", TestMesh.SOON, () -> {
                app.calls(calls(3, "version", "HTTP_2"));
                return backends.stream().allMatch(backend -> backend.connections() == 1);
            });
            app.calls(calls(1000, "version", "HTTP_2", "how", "async"));
            backends.get(2).answer(0);
            CompletableFuture<List<String>> gets = CompletableFuture.supplyAsync(
                    () -> app.calls(calls(60, "how", "together", "version", "HTTP_2", "timeout", "4000")));
            hold(gets, () -> app.calls(calls(3, "version", "HTTP_2", "timeout", "4000")));

            assertThat(gets.join()).hasSize(60).allMatch(line -> line.matches("200 pod-[01]"));
            assertThat(backends.get(2).resets()).isGreaterThanOrEqualTo(20);
            backends.get(2).answer(200);
            Await.until(
                    "the backend is used again",
                    TestMesh.SOON,
                    () -> app.calls(calls(9, "version", "HTTP_2")).contains("200 pod-2"));
            assertThat(backends.get(2).connections()).isOne();
        } finally {
            backends.forEach(Http2Backend::close);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 21, 25})
    void whatCannotConnectGoesElsewhereAfterASecondWhateverItsMethod(int feature) {
        try (AppProcess app = balancedApp(feature);
                BlackHole hole = new BlackHole()) {
            mesh.manifests().endpoint("backend-service", "http", "pod-3", hole.port());
            Await.until(
                    "the fourth endpoint",
                    TestMesh.SOON,
                    () -> app.calls(Map.of("jmx", "Status")).get(0).contains(":" + hole.port()));
            List<String> lines = new ArrayList<>();
            long millis = millisOf(() -> {
                lines.addAll(app.calls(calls(12, "how", "together", "timeout", "4000")));
                lines.addAll(app.calls(calls(12, "how", "together", "timeout", "4000", "method", "POST")));
                lines.addAll(app.calls(calls(40, "timeout", "4000")));
            });

            assertThat(failed(lines)).isEmpty();
            assertThat(millis).isBetween(900L, 8000L);
            assertThat(posts()).isEqualTo(12);
            assertThat(app.calls(Map.of("jmx", "Status")).get(0)).contains("\"state\":\"EJECTED\"");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void aConnectTimeOutOfTheApplicationThatIsShorterHolds(int feature) {
        try (AppProcess app = balancedApp(feature);
                BlackHole hole = new BlackHole()) {
            for (int i = 0; i < 3; i++) {
                mesh.manifests().withoutEndpoint("backend-service", "pod-" + i);
            }
            mesh.manifests().endpoint("backend-service", "http", "pod-3", hole.port());
            Await.until(
                    "calls to the black hole",
                    TestMesh.SOON,
                    () -> !failed(app.calls(calls(1, "connectTimeout", "200"))).isEmpty());

            List<String> lines = new ArrayList<>();
            long millis = millisOf(() -> lines.addAll(app.calls(calls(1, "connectTimeout", "200"))));

            assertThat(lines).singleElement().asString().startsWith("java.net.http.HttpConnectTimeoutException");
            assertThat(millis).isBetween(190L, 900L);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void whereNothingCanBeConnectedToTheCallFailsSoonAndSaysWhy(int feature) {
        try (AppProcess app = balancedApp(feature);
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
                lines.addAll(app.calls(calls(1, "timeout", "30000")));
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
        try (AppProcess app = balancedApp(feature);
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
                            lines.addAll(app.calls(calls(1, "url", https, "version", version, "timeout", "15000")));
                            return lines.get(0).contains(":" + mute.getLocalPort());
                        },
                        lines::toString);

                assertThat(lines).singleElement().asString().contains("[CONNECT_TIMEOUT: ");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 21, 25})
    void answersThatThePolicyNamesAreNotTheApplications(int feature) {
        try (AppProcess app = balancedApp(feature)) {
            app.calls(calls(30));
            mesh.backend(1).fail(new FakeUpstream.Fault.Status(503));
            assertThat(failed(app.calls(calls(3)))).as("without a policy").containsExactly("503 pod-1");
            mesh.backend(1).heal();
            app.calls(calls(6));
            mesh.backend(1).fail(new FakeUpstream.Fault.Status(503));
            annotate(() -> isHidden(app), "retry-on: \"5xx\"", "ejection: \"off\"");
            int before = mesh.backend(1).requestCount();

            List<String> gets = app.calls(calls(60, "how", "async"));
            List<String> posts = app.calls(calls(60, "method", "POST"));

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
        try (AppProcess app = balancedApp(feature)) {
            annotate(
                    () -> {
                        mesh.backend(1).fail(new FakeUpstream.Fault.Status(502));
                        return isHidden(app);
                    },
                    "retry-on: \"gateway-error\"",
                    "retry-attempts: \"2\"",
                    "ejection: \"off\"");
            for (int i = 0; i < 3; i++) {
                mesh.backend(i).fail(new FakeUpstream.Fault.Status(503));
            }
            int before = requests();
            List<String> lines = app.calls(calls(600, "how", "async"));

            assertThat(lines).hasSize(600).allMatch(line -> line.matches("503 pod-[012]"));
            assertThat(requests() - before)
                    .as("100 at once, 10 a second, and one for five calls")
                    .isBetween(600 + 120, 600 + 100 + 120 + 150);

            for (int i = 0; i < 3; i++) {
                mesh.backend(i).fail(new FakeUpstream.Fault.Status(500));
            }
            before = requests();
            assertThat(app.calls(calls(9))).allMatch(line -> line.matches("500 pod-[012]"));
            assertThat(requests() - before).as("500 is no gateway error").isEqualTo(9);
        }
    }

    private int requests() {
        return mesh.backend(0).requestCount()
                + mesh.backend(1).requestCount()
                + mesh.backend(2).requestCount();
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void answersOfHttp2ThatThePolicyNamesAreNotTheApplications(int feature) {
        List<Http2Backend> backends =
                List.of(Http2Backend.start("pod-0"), Http2Backend.start("pod-1"), Http2Backend.start("pod-2"));
        try (AppProcess app = balancedApp(feature)) {
            for (int i = 0; i < 3; i++) {
                mesh.manifests()
                        .endpoint(
                                "backend-service",
                                "http",
                                "pod-" + i,
                                backends.get(i).port());
            }
            Await.until("calls on HTTP/2", TestMesh.SOON, () -> {
                app.calls(calls(3, "version", "HTTP_2"));
                return backends.stream().allMatch(backend -> backend.connections() == 1);
            });
            backends.get(1).answer(503);
            annotate(
                    () -> {
                        int sofar = backends.get(1).requests();
                        return failed(app.calls(calls(9, "version", "HTTP_2"))).isEmpty()
                                && backends.get(1).requests() - sofar >= 2;
                    },
                    "retry-on: \"5xx\"",
                    "ejection: \"off\"");
            int before = backends.get(1).requests();

            List<String> gets = app.calls(calls(60, "how", "async", "version", "HTTP_2"));
            List<String> posts = app.calls(calls(60, "method", "POST", "version", "HTTP_2"));

            assertThat(gets).hasSize(60).allMatch(line -> line.matches("200 pod-[02]"));
            assertThat(posts).hasSize(60).allMatch(line -> line.matches("200 pod-[02]"));
            assertThat(backends.get(1).requests() - before).isBetween(15, 60);
            assertThat(backends.get(1).connections()).isOne();
        } finally {
            backends.forEach(Http2Backend::close);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void anAttemptThatTakesTooLongGoesElsewhereIfItMayAndElseFails(int feature) {
        try (AppProcess app = balancedApp(feature)) {
            app.calls(calls(30));
            mesh.backend(1).fail(new FakeUpstream.Fault.Slow(Duration.ofSeconds(2)));
            annotate(
                    () -> millisOf(() -> app.calls(calls(3))) < 1500,
                    "timeout-backend-request: \"300ms\"",
                    "ejection: \"off\"");

            List<String> gets = app.calls(calls(12));
            List<String> posts = app.calls(calls(12, "method", "POST", "how", "together"));

            assertThat(gets).hasSize(12).allMatch(line -> line.matches("200 pod-[02]"));
            assertThat(failed(posts))
                    .hasSize(4)
                    .allMatch(
                            line -> line.startsWith("java.net.http.HttpTimeoutException: request timed out [DEADLINE: ")
                                    && line.contains(":" + mesh.backend(1).port()));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void allAttemptsTogetherTakeNoLongerThanTheApplicationOrThePolicyAllows(int feature) {
        try (AppProcess app = balancedApp(feature)) {
            app.calls(calls(30));
            for (int i = 0; i < 3; i++) {
                mesh.backend(i).fail(new FakeUpstream.Fault.Slow(Duration.ofSeconds(6)));
            }
            int before = requests();
            annotate(
                    () -> {
                        app.calls(calls(1, "timeout", "700"));
                        return requests() - before > 2;
                    },
                    "timeout-backend-request: \"300ms\"",
                    "retry-attempts: \"10\"",
                    "ejection: \"off\"");
            List<String> lines = new ArrayList<>();
            long millis = millisOf(() -> lines.addAll(app.calls(calls(1, "timeout", "1000"))));

            assertThat(lines.get(0)).startsWith("java.net.http.HttpTimeoutException: request timed out");
            assertThat(lines.get(0)).as("its own").doesNotContain("DEADLINE");
            assertThat(millis).isBetween(950L, 1290L);

            annotate(
                    () -> app.calls(calls(1, "timeout", "1500")).get(0).contains("[DEADLINE: "),
                    "timeout-request: \"700ms\"",
                    "timeout-backend-request: \"300ms\"",
                    "retry-attempts: \"10\"",
                    "ejection: \"off\"");
            millis = millisOf(() -> lines.addAll(app.calls(calls(1, "timeout", "5000"))));

            assertThat(lines.get(1)).startsWith("java.net.http.HttpTimeoutException: request timed out [DEADLINE: ");
            assertThat(millis).isBetween(650L, 1100L);
        }
    }
}
