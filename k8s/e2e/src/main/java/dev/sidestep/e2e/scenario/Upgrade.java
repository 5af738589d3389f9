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

/** A new control plane, and new sidecars in an application between client and backend, by rollout and under load. */
final class Upgrade implements Scenario {
    private static final Duration AROUND = Duration.ofSeconds(5);

    @Override
    public Title title() {
        return new Title("upgrade", "control plane and data plane by rollout under load", false, Set.of(Need.SIDESTEP));
    }

    @Override
    public void play(Stage stage) throws Exception {
        String namespace = stage.namespace();
        stage.apply(
                namespace,
                "backend.yaml",
                Map.of("name", "backend", "replicas", "3", "inject", "disabled", "on-term", "drain"));
        stage.apply(namespace, "relay.yaml", Map.of());
        List<LoadClient> clients = stage.clients(namespace, Placement.SIDECAR, Placement.AGENT);
        stage.cluster().awaitRollout(namespace, "backend");
        stage.cluster().awaitRollout(namespace, "relay");

        stage.findings().figure("phase", "the control plane is replaced");
        Loads first = Loads.start(clients, "backend", 3);
        Await.pause(AROUND);
        stage.cluster().restart("sidestep-system", "control-plane");
        Await.pause(AROUND);
        first.stopAndExpectNoFailure(stage);

        stage.findings().figure("phase", "the pods of an application with sidecars are replaced");
        var second = new Relayed(stage, clients);
        Await.pause(AROUND);
        stage.cluster().restart(namespace, "relay");
        Await.pause(AROUND);
        second.stop();
    }
}
