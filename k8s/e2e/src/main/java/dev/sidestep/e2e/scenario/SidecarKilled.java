package dev.sidestep.e2e.scenario;

import dev.sidestep.e2e.Await;
import dev.sidestep.e2e.Calls;
import dev.sidestep.e2e.Clocks;
import dev.sidestep.e2e.LoadClient;
import dev.sidestep.e2e.LoadSpec;
import dev.sidestep.e2e.Scenario;
import dev.sidestep.e2e.Stage;
import dev.sidestep.e2e.Stage.Placement;
import java.time.Duration;
import java.util.Map;
import java.util.Set;

/** The sidecar's process ends by SIGKILL: what its pod cannot call until the kubelet has started it again. */
final class SidecarKilled implements Scenario {
    private static final Duration AROUND = Duration.ofSeconds(5);
    private static final Duration AFTER = Duration.ofSeconds(20);

    @Override
    public Title title() {
        return new Title(
                "sidecar-killed",
                "a sidecar killed by SIGKILL, and restarted by the kubelet",
                false,
                Set.of(Need.SIDESTEP));
    }

    @Override
    public void play(Stage stage) throws Exception {
        String namespace = stage.namespace();
        stage.apply(
                namespace,
                "backend.yaml",
                Map.of("name", "backend", "replicas", "3", "inject", "disabled", "on-term", "drain"));
        // In one process namespace, so that a shell beside the sidecar can kill it.
        stage.apply(namespace, "client-shared.yaml", Map.of("name", "client-sidecar"));
        stage.cluster().awaitRollout(namespace, "backend");
        stage.cluster().awaitReady(namespace, "client-sidecar");
        LoadClient client = stage.client(namespace, "client-sidecar", "client", 8099, Placement.SIDECAR);
        client.awaitAnswer("http://backend/api", 3);
        LoadClient.Running load =
                client.start(LoadSpec.http("http://backend/api", 5, 250).withTimeoutMillis(2000));
        Await.pause(AROUND);
        long killed = Clocks.micros() + client.clockOffsetMicros();
        var output = client.exec(
                "sh",
                "-c",
                "for each in /proc/[0-9]*; do grep -q '^Uid:.*16001' $each/status && kill -KILL ${each#/proc/}; done; true");
        Await.pause(AFTER);
        Calls calls = load.stop();
        Calls failed = calls.between(killed - 1_000_000, Long.MAX_VALUE).failed();
        long refused = failed.size() == 0
                ? 0
                : (failed.all().get(failed.size() - 1).startMicros()
                                - failed.all().get(0).startMicros())
                        / 1000;
        boolean back =
                calls.between(killed + 15_000_000, Long.MAX_VALUE).failed().size() == 0;
        stage.findings().figure("the kill", output.ok() ? "done" : output.text());
        stage.findings()
                .check(
                        "refused until it was back",
                        "measured; back within 15 s",
                        refused + " ms; " + calls.summary(),
                        back && failed.size() > 0);
    }
}
