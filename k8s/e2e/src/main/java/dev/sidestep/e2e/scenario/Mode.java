package dev.sidestep.e2e.scenario;

import dev.sidestep.e2e.Await;
import dev.sidestep.e2e.CallRecord;
import dev.sidestep.e2e.Calls;
import dev.sidestep.e2e.Clocks;
import dev.sidestep.e2e.LoadClient;
import dev.sidestep.e2e.LoadSpec;
import dev.sidestep.e2e.Scenario;
import dev.sidestep.e2e.Stage;
import dev.sidestep.e2e.Stage.Placement;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * {@code mode: off} and back by an annotation on the namespace. Seen from outside: one caller after another over one
 * connection changes pods while it is balanced, and stays with one pod while it goes where kube-proxy sent it.
 */
final class Mode implements Scenario {
    private static final String ANNOTATION = "sidestep.dev/mode";
    private static final int TURNS = 5;
    private static final Duration BETWEEN = Duration.ofSeconds(4);
    private static final long WITHIN_MICROS = 1_000_000;
    private static final long SETTLED_MICROS = 2_000_000;

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
                Map.of("name", "backend", "replicas", "4", "inject", "disabled", "on-term", "drain"));
        List<LoadClient> clients = stage.clients(namespace, Placement.SIDECAR, Placement.AGENT);
        stage.cluster().awaitRollout(namespace, "backend");
        Loads loads = Loads.start(clients, "backend", 4);
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
        stage.cluster()
                .api()
                .namespaces()
                .withName(namespace)
                .edit(each -> new NamespaceBuilder(each)
                        .editMetadata()
                        .addToAnnotations(ANNOTATION, mode)
                        .endMetadata()
                        .build());
        return Clocks.micros();
    }

    private static void tell(Stage stage, LoadClient.Running probe, Calls calls, List<Turn> turns) {
        long offset = probe.client().clockOffsetMicros();
        long slowestOff = 0;
        long slowestOn = 0;
        for (int i = 0; i < turns.size(); i++) {
            long from = turns.get(i).micros() + offset;
            long to = i + 1 < turns.size() ? turns.get(i + 1).micros() + offset : from + BETWEEN.toMillis() * 1000;
            long micros = changed(
                    calls.between(from - SETTLED_MICROS, to).all(),
                    from,
                    turns.get(i).off());
            if (turns.get(i).off()) {
                slowestOff = Math.max(slowestOff, micros);
            } else {
                slowestOn = Math.max(slowestOn, micros);
            }
        }
        String what = Loads.name(probe);
        stage.findings()
                .check(
                        what + ", all calls on the VIP after \"off\"",
                        "<= 1000 ms",
                        slowestOff / 1000 + " ms at most of " + TURNS,
                        slowestOff <= WITHIN_MICROS);
        stage.findings()
                .check(
                        what + ", balanced again after \"balance\"",
                        "<= 1000 ms",
                        slowestOn / 1000 + " ms at most of " + TURNS,
                        slowestOn <= WITHIN_MICROS);
        stage.findings().figure(what + ", calls", calls.summary());
    }

    /** When the last change of pods came after "off", or the first after "balance". */
    private static long changed(List<CallRecord> calls, long from, boolean off) {
        long last = 0;
        for (int i = 1; i < calls.size(); i++) {
            boolean other = !calls.get(i).pod().equals(calls.get(i - 1).pod());
            long since = calls.get(i).startMicros() - from;
            if (other && since >= 0) {
                if (!off) {
                    return since;
                }
                last = since;
            }
        }
        return off ? last : Long.MAX_VALUE;
    }
}
