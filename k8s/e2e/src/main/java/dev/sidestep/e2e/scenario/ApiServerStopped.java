package dev.sidestep.e2e.scenario;

import dev.sidestep.e2e.Await;
import dev.sidestep.e2e.LoadClient;
import dev.sidestep.e2e.Scenario;
import dev.sidestep.e2e.Stage;
import dev.sidestep.e2e.Stage.Placement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The API server answers nobody for a while; calls go on as they did. */
final class ApiServerStopped implements Scenario {
    private static final Duration AROUND = Duration.ofSeconds(5);
    private static final Duration STOPPED = Duration.ofSeconds(20);

    @Override
    public Title title() {
        return new Title(
                "api-server-stopped",
                "the API server stopped for " + STOPPED.toSeconds() + " s",
                false,
                Set.of(Need.SIDESTEP, Need.NODE));
    }

    @Override
    public void play(Stage stage) throws Exception {
        String namespace = stage.namespace();
        stage.apply(
                namespace,
                "backend.yaml",
                Map.of("name", "backend", "replicas", "3", "inject", "disabled", "on-term", "drain"));
        List<LoadClient> clients = stage.clients(namespace, Placement.SIDECAR, Placement.AGENT);
        stage.cluster().awaitRollout(namespace, "backend");
        Loads loads = Loads.start(clients, "backend", 3);
        Await.pause(AROUND);
        // It goes on by itself even if this program does not live to say so.
        stage.node()
                .run("pid=$(pidof kube-apiserver) && kill -STOP $pid && { (sleep " + STOPPED.toSeconds()
                        + "; kill -CONT $pid) >/dev/null 2>&1 & }");
        Await.pause(STOPPED.plus(AROUND));
        loads.stopAndExpectNoFailure(stage);
    }
}
