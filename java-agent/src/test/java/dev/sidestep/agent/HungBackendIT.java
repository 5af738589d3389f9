package dev.sidestep.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.FakeUpstream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of calls by {@code java.net.http} that wait for a backend that hangs. */
class HungBackendIT {
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

    private static void hold(CompletableFuture<?> done, Runnable meanwhile) {
        while (!done.isDone()) {
            meanwhile.run();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 21, 25})
    void getsInFlightOnAHungBackendAreMovedAndPostsStayAndAreAnsweredLater(int feature) {
        try (AppProcess app = mesh.balancedApp(feature)) {
            app.calls(mesh.calls(1000, "how", "async")); // So that it is known how long an answer takes.
            int before = mesh.backend(2).requestCount();
            mesh.backend(2).fail(new FakeUpstream.Fault.Hang());
            CompletableFuture<List<String>> posts = CompletableFuture.supplyAsync(
                    () -> app.calls(mesh.calls(6, "how", "together", "method", "POST", "timeout", "20000")));
            CompletableFuture<List<String>> gets = CompletableFuture.supplyAsync(
                    () -> app.calls(mesh.calls(60, "how", "together", "timeout", "4000")));
            // Others that answer are what shows that this one hangs.
            hold(gets, () -> app.calls(mesh.calls(3, "timeout", "4000")));

            assertThat(gets.join()).hasSize(60).allMatch(line -> line.matches("200 pod-[01]"));
            assertThat(posts.isDone()).as("POSTs wait on").isFalse();
            assertThat(mesh.backend(2).requestCount())
                    .as("GETs were in flight there")
                    .isGreaterThanOrEqualTo(before + 20);
            mesh.backend(2).heal();

            assertThat(posts.join()).hasSize(6).contains("200 pod-2").allMatch(line -> line.startsWith("200 pod-"));
            assertThat(mesh.posts()).as("no POST twice").isEqualTo(6);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void noGetOfALoadFailsWhileABackendHangsAndWhenItIsBack(int feature) {
        try (AppProcess app = mesh.balancedApp(feature)) {
            CompletableFuture<List<String>> load =
                    CompletableFuture.supplyAsync(() -> app.calls(mesh.calls(1, "load", "200", "timeout", "5000")));
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
        int before = mesh.requests();
        Await.until(more + " calls", TestMesh.SOON, () -> mesh.requests() - before >= more);
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void aStreamOnAHungBackendIsMovedAndItsConnectionStays(int feature) {
        try (AppProcess app = mesh.balancedApp(feature)) {
            List<Http2Backend> backends = mesh.speakHttp2(app);
            app.calls(mesh.calls(1000, "version", "HTTP_2", "how", "async"));
            backends.get(2).answer(0);
            CompletableFuture<List<String>> gets = CompletableFuture.supplyAsync(
                    () -> app.calls(mesh.calls(60, "how", "together", "version", "HTTP_2", "timeout", "4000")));
            hold(gets, () -> app.calls(mesh.calls(3, "version", "HTTP_2", "timeout", "4000")));

            assertThat(gets.join()).hasSize(60).allMatch(line -> line.matches("200 pod-[01]"));
            assertThat(backends.get(2).resets()).isGreaterThanOrEqualTo(20);
            backends.get(2).answer(200);
            Await.until(
                    "the backend is used again",
                    TestMesh.SOON,
                    () -> app.calls(mesh.calls(9, "version", "HTTP_2")).contains("200 pod-2"));
            assertThat(backends.get(2).connections()).isOne();
        }
    }
}
