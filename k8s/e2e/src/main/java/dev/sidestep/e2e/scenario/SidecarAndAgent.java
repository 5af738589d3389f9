package dev.sidestep.e2e.scenario;

import dev.sidestep.e2e.Await;
import dev.sidestep.e2e.Calls;
import dev.sidestep.e2e.ControlPlanes;
import dev.sidestep.e2e.LoadClient;
import dev.sidestep.e2e.LoadSpec;
import dev.sidestep.e2e.Scenario;
import dev.sidestep.e2e.Stage;
import dev.sidestep.e2e.Stage.Placement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Both in one pod: what the agent has balanced, the sidecar passes through, so that each request is balanced once. */
final class SidecarAndAgent implements Scenario {
    private static final Duration TIME = Duration.ofSeconds(15);

    /** Two rounds of reports. */
    private static final Duration REPORTED = Duration.ofSeconds(25);

    private static final int PODS = 4;

    @Override
    public Title title() {
        return new Title(
                "sidecar-and-agent", "both in one pod: no request is balanced twice", false, Set.of(Need.SIDESTEP));
    }

    @Override
    public void play(Stage stage) throws Exception {
        String namespace = stage.namespace();
        stage.apply(
                namespace,
                "backend.yaml",
                Map.of("name", "backend", "replicas", "" + PODS, "inject", "disabled", "on-term", "drain"));
        stage.cluster().awaitRollout(namespace, "backend");
        List<String> pods = stage.cluster().podNames(namespace, "backend");
        LoadClient client = stage.clients(namespace, Placement.BOTH).get(0);
        client.awaitAnswer("http://backend/api", PODS);
        Await.pause(REPORTED); // The calls that asked whether it is ready are reported by then.
        long before = ControlPlanes.attempts(stage.cluster(), namespace);
        List<LoadClient.Running> loads = new ArrayList<>();
        loads.add(client.start(LoadSpec.http("http://backend/api", 6, 100)));
        loads.add(client.start(LoadSpec.grpc("backend:81", 50)));
        Await.pause(TIME);
        long calls = 0;
        for (LoadClient.Running load : loads) {
            Calls made = load.stop();
            calls += made.size();
            double ratio = Evenness.settled(made).maxOverMean(pods);
            stage.findings()
                    .check(
                            Loads.name(load),
                            "even, <= 1.05, 0 failed",
                            made.summary() + ", max/mean " + ratio,
                            made.failed().size() == 0 && ratio <= 1.05);
        }
        Await.pause(REPORTED);
        long attempts = ControlPlanes.attempts(stage.cluster(), namespace) - before;
        stage.findings()
                .check("attempts", "as many as requests", attempts + " of " + calls + " requests", attempts == calls);
    }
}
