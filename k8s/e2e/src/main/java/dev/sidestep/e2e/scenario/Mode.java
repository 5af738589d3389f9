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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * {@code mode: off} and back by an annotation on the namespace. Seen from outside: one call after another goes to
 * all pods while they are balanced, and only to the one or two where kube-proxy sent the client's kept connections while not.
 */
final class Mode implements Scenario {
    private static final String ANNOTATION = "sidestep.dev/mode";
    private static final int TURNS = 5;
    private static final int PODS = 4;
    private static final Duration BETWEEN = Duration.ofSeconds(4);
    private static final long WITHIN_MICROS = 1_000_000;
    private static final long SETTLED_MICROS = 1_000_000;

    @Override
    public Title title() {
        return new Title("mode", "off and back under load, by an annotation", false, Set.of(Need.SIDESTEP));
    }

    private record Turn(boolean off, long micros) {}

    @Override
    public void play(Stage stage) throws Exception {
        String namespace = stage.namespace();
        stage.apply(
                namespace,
                "backend.yaml",
                Map.of(
                        "name",
                        "backend",
                        "replicas",
                        Integer.toString(PODS),
                        "inject",
                        "disabled",
                        "on-term",
                        "drain"));
        List<LoadClient> clients = stage.clients(namespace, Placement.SIDECAR, Placement.AGENT);
        stage.cluster().awaitRollout(namespace, "backend");
        Loads loads = Loads.start(clients, "backend", PODS);
        List<LoadClient.Running> probes = new ArrayList<>();
        for (LoadClient client : clients) {
            probes.add(client.start(LoadSpec.http("http://backend/api", 1, 20)));
            probes.add(client.start(LoadSpec.grpc("backend:81", 20)));
        }
        Await.pause(BETWEEN);
        List<Turn> turns = new ArrayList<>();
        for (int i = 0; i < TURNS; i++) {
            turns.add(new Turn(true, annotate(stage, namespace, "off")));
            Await.pause(BETWEEN);
            turns.add(new Turn(false, annotate(stage, namespace, "balance")));
            Await.pause(BETWEEN);
        }
        for (LoadClient.Running probe : probes) {
            tell(stage, probe, probe.stop(), turns);
        }
        loads.stopAndExpectNoFailure(stage);
    }

    private static long annotate(Stage stage, String namespace, String mode) {
        stage.cluster().annotateNamespace(namespace, ANNOTATION, mode);
        return Clocks.micros();
    }

    private static void tell(Stage stage, LoadClient.Running probe, Calls calls, List<Turn> turns) {
        long offset = probe.client().clockOffsetMicros();
        long slowestOff = 0;
        long slowestOn = 0;
        for (int i = 0; i + 1 < turns.size(); i += 2) {
            long off = turns.get(i).micros() + offset;
            long on = turns.get(i + 1).micros() + offset;
            // The few connections to the VIP that the client keeps lead to these.
            Set<String> pinned = calls.between(on - SETTLED_MICROS, on).pods();
            slowestOff = Math.max(slowestOff, lastElsewhere(calls.between(off, on), pinned, off));
            slowestOn =
                    Math.max(slowestOn, firstElsewhere(calls.between(on, on + BETWEEN.toMillis() * 1000), pinned, on));
        }
        String what = Loads.name(probe);
        within(stage, what + ", all calls on the VIP after \"off\"", slowestOff);
        within(stage, what + ", balanced again after \"balance\"", slowestOn);
        stage.findings().figure(what + ", calls", calls.summary());
    }

    private static void within(Stage stage, String what, long micros) {
        stage.findings().check(what, "<= 1000 ms", micros / 1000 + " ms at most of " + TURNS, micros <= WITHIN_MICROS);
    }

    private static long lastElsewhere(Calls calls, Set<String> pinned, long from) {
        return calls.all().stream()
                .filter(each -> each.ok() && !pinned.contains(each.pod()))
                .mapToLong(each -> each.startMicros() - from)
                .max()
                .orElse(0);
    }

    private static long firstElsewhere(Calls calls, Set<String> pinned, long from) {
        return calls.all().stream()
                .filter(each -> each.ok() && !pinned.contains(each.pod()))
                .mapToLong(each -> each.startMicros() - from)
                .min()
                .orElse(pinned.size() < PODS ? Long.MAX_VALUE : 0);
    }
}
