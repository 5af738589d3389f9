package dev.sidestep.e2e.scenario;

import dev.sidestep.e2e.Await;
import dev.sidestep.e2e.Calls;
import dev.sidestep.e2e.Clocks;
import dev.sidestep.e2e.Cluster;
import dev.sidestep.e2e.LoadClient;
import dev.sidestep.e2e.Scenario;
import dev.sidestep.e2e.Stage;
import dev.sidestep.e2e.Stage.Placement;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * No control plane for minutes; meanwhile pods come, one goes, and another application gets its address. No call may reach
 * that one.
 */
final class ControlPlaneAway implements Scenario {
    private static final String SYSTEM = "sidestep-system";
    private static final String CONTROL_PLANE = "control-plane";
    private static final Duration AROUND = Duration.ofSeconds(10);
    /** A list is used for a minute; after that, new connections go to the VIP. */
    private static final Duration STALE = Duration.ofSeconds(75);

    private final Duration away;

    ControlPlaneAway(Duration away) {
        this.away = away;
    }

    @Override
    public Title title() {
        return new Title(
                "control-plane-away",
                "no control plane for " + away.toMinutes() + " min, pods come and go, an address is reused",
                false,
                Set.of(Need.SIDESTEP));
    }

    @Override
    public void play(Stage stage) throws Exception {
        String namespace = stage.namespace();
        Cluster cluster = stage.cluster();
        stage.apply(
                namespace,
                "backend.yaml",
                Map.of("name", "backend", "replicas", "4", "inject", "disabled", "on-term", "drain"));
        List<LoadClient> clients = stage.clients(namespace, Placement.SIDECAR, Placement.AGENT);
        cluster.awaitRollout(namespace, "backend");
        Loads loads = Loads.start(clients, "backend", 4);
        Await.pause(AROUND);

        int replicas = cluster.api()
                .apps()
                .deployments()
                .inNamespace(SYSTEM)
                .withName(CONTROL_PLANE)
                .get()
                .getSpec()
                .getReplicas();
        cluster.scale(SYSTEM, CONTROL_PLANE, 0);
        stage.atEnd(() -> {
            cluster.scale(SYSTEM, CONTROL_PLANE, replicas);
            cluster.awaitRollout(SYSTEM, CONTROL_PLANE);
        });
        long gone = Clocks.micros();
        cluster.scale(namespace, "backend", 5);
        Await.pause(STALE);
        reuseAnAddress(stage, namespace);
        // Starts without Sidestep, since nobody injects; and has to start.
        List<LoadClient> late = List.of(newClient(stage, namespace));
        late.forEach(each -> Await.until(
                "a call of " + each.pod(),
                AROUND,
                () -> !each.call("http://backend/api").isEmpty()));
        stage.findings().check("a pod that starts meanwhile", "runs, and calls", "runs, and calls", true);
        Await.pause(away.minus(Duration.ofNanos((Clocks.micros() - gone) * 1000)));

        cluster.scale(SYSTEM, CONTROL_PLANE, replicas);
        cluster.awaitRollout(SYSTEM, CONTROL_PLANE);
        long back = Clocks.micros();
        Await.pause(Duration.ofSeconds(40));
        List<String> pods = cluster.podNames(namespace, "backend");
        loads.stopAndExpectNoSafeFailure(stage).forEach((load, calls) -> {
            long offset = load.client().clockOffsetMicros();
            Calls strange = calls.only(each -> each.pod().equals("stranger"));
            stage.findings().atMost(Loads.name(load) + ", misdelivered", 0, "", strange.size());
            long from = back + offset + Duration.ofSeconds(30).toMillis() * 1000;
            double ratio = calls.between(from, Long.MAX_VALUE).maxOverMean(pods);
            stage.findings()
                    .figure(
                            Loads.name(load) + ", evenness once it is back",
                            String.format(Locale.ROOT, "max/mean %.3f", ratio));
        });
    }

    private static LoadClient newClient(Stage stage, String namespace) throws IOException {
        stage.apply(namespace, "client.yaml", Map.of("name", "client-late", "inject", "sidecar"));
        stage.cluster().awaitReady(namespace, "client-late");
        return stage.client(namespace, "client-late", "client", 8099, Placement.SIDECAR);
    }

    /** Deletes a backend, and gives its address to a pod that is none. */
    private static void reuseAnAddress(Stage stage, String namespace) throws IOException {
        Cluster cluster = stage.cluster();
        if (stage.nodeIfAny().isEmpty()) {
            stage.findings().notRun("an address reused", "needs --node");
            return;
        }
        String victim = cluster.podNames(namespace, "backend").get(0);
        String address =
                cluster.pod(namespace, victim).orElseThrow().getStatus().getPodIP();
        cluster.deletePod(namespace, victim);
        Await.until(
                victim + " gone",
                Duration.ofMinutes(1),
                () -> cluster.pod(namespace, victim).isEmpty());
        Optional<String> given = Optional.empty();
        for (int i = 0; i < 3 && given.isEmpty(); i++) {
            // The CNI's host-local plug-in goes on after the address that it gave last.
            String before = address.replaceAll("\\d+$", "") + (Integer.parseInt(address.replaceAll(".*\\.", "")) - 1);
            stage.node()
                    .run(
                            "find /var/lib -name 'last_reserved_ip.*' -not -path '*/rootfs/*' | while read -r file; do printf %s "
                                    + before + " >\"$file\"; done");
            stage.apply(namespace, "stranger.yaml", Map.of());
            cluster.awaitReady(namespace, "stranger");
            given = cluster.pod(namespace, "stranger")
                    .map(each -> each.getStatus().getPodIP())
                    .filter(address::equals);
            if (given.isEmpty()) {
                cluster.deletePod(namespace, "stranger");
                Await.until(
                        "stranger gone",
                        Duration.ofMinutes(1),
                        () -> cluster.pod(namespace, "stranger").isEmpty());
            }
        }
        if (given.isPresent()) {
            stage.findings().figure("an address reused", address + ", before " + victim + ", now another application");
        } else {
            stage.findings().notRun("an address reused", "the node's CNI gave another address");
        }
    }
}
