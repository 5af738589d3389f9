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
            restart(stage, namespace, onTerm, clients);
        }
    }

    private static void deploy(Stage stage, String namespace, String backend, String onTerm, String inject)
            throws Exception {
        stage.apply(
                namespace,
                "backend.yaml",
                Map.of("name", backend, "replicas", Integer.toString(REPLICAS), "inject", inject, "on-term", onTerm));
    }

    private static String backend(LoadClient client, String onTerm) {
        return (client.placement().startsWith("plain") ? "plain-" : "meshed-") + onTerm;
    }

    /** All clients at once: the backends with Sidestep get 500 calls a second together, those without 250. */
    private void restart(Stage stage, String namespace, String onTerm, List<LoadClient> clients) {
        List<String> backends =
                clients.stream().map(each -> backend(each, onTerm)).distinct().toList();
        backends.forEach(each -> stage.cluster().awaitRollout(namespace, each));
        List<LoadClient.Running> loads = new ArrayList<>();
        for (LoadClient client : clients) {
            String backend = backend(client, onTerm);
            client.awaitAnswer("http://" + backend + "/api", REPLICAS);
            loads.add(client.start(
                    LoadSpec.http("http://" + backend + "/api", 5, 125).withPostEvery(4)));
            loads.add(client.start(LoadSpec.grpc(backend + ":81", 125)));
        }
        Await.pause(AROUND);
        for (int round = 0; round < rounds; round++) {
            backends.forEach(each -> stage.cluster().beginRestart(namespace, each));
            backends.forEach(each -> stage.cluster().awaitRollout(namespace, each));
        }
        Await.pause(AROUND);
        for (LoadClient.Running load : loads) {
            Calls calls = load.stop();
            String what = Loads.name(load) + ", servers that " + onTerm;
            if (load.client().placement().startsWith("plain")) {
                stage.findings().figure(what, calls.summary());
            } else {
                stage.findings()
                        .check(what, "0 failed", calls.summary(), calls.failed().size() == 0 && calls.size() > 0);
            }
            stage.findings().figure(what + ", times", calls.percentiles());
        }
    }
}
