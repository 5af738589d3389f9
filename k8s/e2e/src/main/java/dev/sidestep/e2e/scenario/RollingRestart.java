package dev.sidestep.e2e.scenario;

import dev.sidestep.e2e.Await;
import dev.sidestep.e2e.Calls;
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

/**
 * All backends replaced under load, by servers that end at once when told to and by servers that first finish what is
 * under way. The same without Sidestep: backends that are not injected, called by clients that are not injected.
 */
final class RollingRestart implements Scenario {
    private static final Duration AROUND = Duration.ofSeconds(2);
    private static final int REPLICAS = 4;

    private final String name;
    private final int rounds;
    private final boolean ci;

    /** @param rounds how often all backends are replaced */
    RollingRestart(String name, int rounds, boolean ci) {
        this.name = name;
        this.rounds = rounds;
        this.ci = ci;
    }

    @Override
    public Title title() {
        return new Title(
                name,
                rounds + " rolling restart(s) of " + REPLICAS + " backends at 500 calls per second",
                ci,
                Set.of());
    }

    @Override
    public void play(Stage stage) throws Exception {
        String namespace = stage.namespace();
        for (String onTerm : List.of("die", "drain")) {
            deploy(stage, namespace, "plain-" + onTerm, onTerm, "disabled");
            if (stage.withSidestep()) {
                deploy(stage, namespace, "meshed-" + onTerm, onTerm, "sidecar");
            }
        }
        List<LoadClient> clients = stage.clients(namespace, Placement.PLAIN, Placement.SIDECAR, Placement.AGENT);
        for (String onTerm : List.of("die", "drain")) {
            for (LoadClient client : clients) {
                boolean plain = client.placement().startsWith("plain");
                restart(stage, namespace, (plain ? "plain-" : "meshed-") + onTerm, client, plain);
            }
        }
    }

    private static void deploy(Stage stage, String namespace, String backend, String onTerm, String inject)
            throws Exception {
        stage.apply(
                namespace,
                "backend.yaml",
                Map.of("name", backend, "replicas", Integer.toString(REPLICAS), "inject", inject, "on-term", onTerm));
    }

    private void restart(Stage stage, String namespace, String backend, LoadClient client, boolean plain) {
        stage.cluster().awaitRollout(namespace, backend);
        client.awaitAnswer("http://" + backend + "/api");
        List<LoadClient.Running> loads = new ArrayList<>();
        loads.add(
                client.start(LoadSpec.http("http://" + backend + "/api", 5, 250).withPostEvery(4)));
        loads.add(client.start(LoadSpec.grpc(backend + ":81", 250)));
        Await.pause(AROUND);
        for (int round = 0; round < rounds; round++) {
            stage.cluster().restart(namespace, backend);
        }
        Await.pause(AROUND);
        for (LoadClient.Running load : loads) {
            Calls calls = load.stop();
            String what = client.placement() + ", " + load.spec().protocol() + ", " + backend;
            if (plain) {
                stage.findings().figure(what, calls.summary());
            } else {
                stage.findings()
                        .check(what, "0 failed", calls.summary(), calls.failed().size() == 0 && calls.size() > 0);
            }
            stage.findings().figure(what + ", times", calls.percentiles());
        }
    }
}
