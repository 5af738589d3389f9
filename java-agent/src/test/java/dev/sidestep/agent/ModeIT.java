package dev.sidestep.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.agent.app.HttpApp;
import dev.sidestep.control.load.LoadData;
import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.Requirements;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code sidestep.dev/mode} does to running applications, with the shipped jar and a real control plane. */
class ModeIT {
    /** Reports are sent every second. */
    private static final Duration REPORTED = Duration.ofSeconds(40);

    private static final int PER_SECOND = 500;
    private static final int SWITCHES = 3;

    @TempDir
    private Path folder;

    private TestGreeter greeter;
    private TestMesh mesh;

    @BeforeEach
    void start() {
        greeter = new TestGreeter(folder);
        mesh = greeter.mesh();
    }

    @AfterEach
    void stop() {
        greeter.close();
    }

    private void httpMode(String mode) {
        mesh.annotate("mode", mode);
    }

    private void grpcMode(String mode) {
        greeter.annotate("mode", mode);
    }

    private Map<String, String> http(String... more) {
        return TestMesh.query(Map.of("url", mesh.url()), more);
    }

    private Map<String, String> grpc(String... more) {
        return TestMesh.query(Map.of("target", greeter.target()), more);
    }

    private static void await(AppProcess app, Map<String, String> query, String answer) {
        Await.until(
                "only answers with " + answer,
                TestMesh.SOON,
                () -> app.calls(query).stream().allMatch(line -> line.contains(answer)),
                () -> app.calls(query) + "\n" + String.join("\n", app.process().output()));
    }

    /** Calls until the first report of calls is there, and returns how many that was. */
    private long awaitCounted(String service, Supplier<List<String>> call) {
        Await.until("a first report", REPORTED, () -> {
            assertThat(call.get()).allMatch(line -> line.endsWith("vip"));
            return mesh.load(service).isPresent();
        });
        return awaitReport(service, 1).calls().issued();
    }

    private LoadData.Client awaitReport(String service, long calls) {
        Await.until(
                "a report of " + calls + " calls",
                REPORTED,
                () -> mesh.load(service).stream()
                        .flatMap(it -> it.clients().stream())
                        .anyMatch(client -> client.calls().issued() >= calls),
                () -> String.valueOf(mesh.load(service)));
        List<LoadData.Client> clients = mesh.load(service).orElseThrow().clients();
        assertThat(clients).hasSize(1);
        return clients.get(0);
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void observedCallsOfJavaNetHttpGoToTheVipAndAreCountedByConnection(int feature) {
        httpMode("observe");
        try (AppProcess app = mesh.start(Requirements.jdk(feature), HttpApp.class, mesh.environment())) {
            // The first calls are made before anybody knows what the name is: as without the agent, and not counted.
            long before = awaitCounted("backend-service", () -> app.calls(http()));

            assertThat(app.calls(http("count", "40"))).hasSize(40).containsOnly("200 vip");
            assertThat(app.calls(http("count", "40", "how", "async")))
                    .hasSize(40)
                    .containsOnly("200 vip");

            LoadData.Client client = awaitReport("backend-service", before + 80);
            long overConnections = client.connections().values().stream()
                    .mapToLong(Long::longValue)
                    .sum();
            assertThat(client.calls().succeeded()).isEqualTo(client.calls().issued());
            assertThat(overConnections).isEqualTo(client.calls().issued());
            assertThat(client.connections())
                    .hasSizeLessThanOrEqualTo(mesh.vip().acceptedConnections())
                    .hasSizeGreaterThanOrEqualTo(2);
            assertThat(client.calls().issued()).isLessThanOrEqualTo(mesh.vip().requestCount());
            assertThat(client.mode()).isEqualTo("observe");
        }
    }

    @ParameterizedTest
    @CsvSource({"17,shaded", "17,1.60", "25,shaded"})
    void observedCallsOfGrpcGoToTheVipOverTheOneConnectionThatTheChannelHas(int feature, String library)
            throws IOException {
        grpcMode("observe");
        try (AppProcess app = greeter.start(feature, library)) {
            long before = awaitCounted("greeter", () -> app.calls(grpc()));

            assertThat(app.calls(grpc("count", "60"))).hasSize(60).containsOnly("vip");

            LoadData.Client client = awaitReport("greeter", before + 60);
            assertThat(client.connections()).hasSize(1);
            assertThat(client.connections().values())
                    .containsOnly(client.calls().issued());
        }
    }

    @Test
    void balancedCallsAreReportedByEndpoint() {
        try (AppProcess app = mesh.start(Requirements.jdk(17), HttpApp.class, mesh.environment())) {
            mesh.awaitBalanced(app, http());
            app.calls(http("count", "90"));

            awaitReport("backend-service", 90);
            LoadData.Service service = mesh.load("backend-service").orElseThrow();
            assertThat(service.endpoints()).hasSize(3);
            assertThat(service.calls()).hasSize(3).allSatisfy((address, calls) -> {
                assertThat(calls.issued()).isBetween(30L, 40L);
                assertThat(calls.seconds()).isPositive();
            });
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"http", "grpc"})
    void offSendsEveryCallToTheVipWithinASecondAndBackAndNoneFails(String kind) throws Exception {
        boolean isHttp = kind.equals("http");
        String[] load = {"load", Integer.toString(PER_SECOND)};
        try (AppProcess app = isHttp
                ? mesh.start(Requirements.jdk(17), HttpApp.class, mesh.environment())
                : greeter.start(17, "shaded")) {
            await(app, isHttp ? http("count", "9") : grpc("count", "9"), "pod-");

            var calls = CompletableFuture.supplyAsync(() -> app.calls(isHttp ? http(load) : grpc(load)));
            List<Long> off = new ArrayList<>();
            List<Long> back = new ArrayList<>();
            awaitSecondOfCalls(() -> callsToPods(isHttp));
            for (int i = 0; i < SWITCHES; i++) {
                off.add(System.currentTimeMillis());
                switchTo(isHttp, "off");
                awaitSecondOfCalls(
                        () -> isHttp ? mesh.vip().requestCount() : greeter.vip().calls());
                back.add(System.currentTimeMillis());
                switchTo(isHttp, "balance");
                awaitSecondOfCalls(() -> callsToPods(isHttp));
            }
            app.calls(Map.of("stop", "load"));
            var timeline = new ModeTimeline(calls.get());

            assertThat(timeline.failed()).as("calls that failed").isEmpty();
            assertThat(timeline.count()).isGreaterThan(PER_SECOND * 2 * SWITCHES);
            List<Long> untilOff = timeline.lastOther("vip", off, back);
            List<Long> untilBack = timeline.lastOther("pod-", back, off);
            System.out.println("mode off, agent, " + kind + ": " + timeline.count() + " calls; ms until all were on the"
                    + " VIP " + untilOff + ", until none was " + untilBack);
            assertThat(untilOff).allMatch(it -> it < 1000);
            assertThat(untilBack).allMatch(it -> it < 1000);
        }
    }

    /** The load goes on; returns when {@code count} has seen what it makes in a second. */
    private static void awaitSecondOfCalls(IntSupplier count) {
        int before = count.getAsInt();
        Await.until("a second of calls", TestMesh.SOON, () -> count.getAsInt() - before >= PER_SECOND);
    }

    private int callsToPods(boolean isHttp) {
        return IntStream.range(0, 3)
                .map(i -> isHttp
                        ? mesh.backend(i).requestCount()
                        : greeter.backend(i).calls())
                .sum();
    }

    private void switchTo(boolean isHttp, String mode) {
        if (isHttp) {
            httpMode(mode);
        } else {
            grpcMode(mode);
        }
    }
}
