package dev.sidestep.e2e.scenario;

import dev.sidestep.e2e.Await;
import dev.sidestep.e2e.Calls;
import dev.sidestep.e2e.LoadClient;
import dev.sidestep.e2e.LoadSpec;
import dev.sidestep.e2e.Scenario;
import dev.sidestep.e2e.Stage;
import dev.sidestep.e2e.Stage.Placement;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The same kept connections to the same pods: per request where Sidestep balances, per connection where it does not. */
final class Evenness implements Scenario {
    private static final Duration TIME = Duration.ofSeconds(15);
    private static final Duration SETTLE = Duration.ofSeconds(2);
    private static final double EVEN = 1.05;

    @Override
    public Title title() {
        return new Title("evenness", "requests per pod over kept connections, beside kube-proxy", true, Set.of());
    }

    @Override
    public void play(Stage stage) throws Exception {
        String namespace = stage.namespace();
        stage.apply(
                namespace,
                "backend.yaml",
                Map.of("name", "backend", "replicas", "4", "inject", "disabled", "on-term", "drain"));
        stage.cluster().awaitRollout(namespace, "backend");
        List<String> pods = stage.cluster().podNames(namespace, "backend");
        List<LoadClient.Running> loads = new ArrayList<>();
        for (LoadClient client :
                stage.clients(namespace, Placement.PLAIN, Placement.PLAIN_JAVA, Placement.SIDECAR, Placement.AGENT)) {
            // Six connections to four pods: whatever kube-proxy draws, they cannot be even.
            client.awaitAnswer("http://backend/api", pods.size());
            loads.add(client.start(LoadSpec.http("http://backend/api", 6, 100)));
            loads.add(client.start(LoadSpec.grpc("backend:81", 50)));
        }
        Await.pause(TIME);
        Map<String, Map<String, Long>> groups = new LinkedHashMap<>();
        for (LoadClient.Running load : loads) {
            Calls calls = settled(load.stop());
            tell(stage, load, calls, pods);
            Map<String, Long> counts = new TreeMap<>();
            pods.forEach(each -> counts.put(each, calls.perPod().getOrDefault(each, 0L)));
            groups.put(Loads.name(load), counts);
        }
        Files.writeString(
                stage.out().resolve("requests-per-pod.svg"),
                Picture.draw(
                        "Answers per pod: six kept HTTP/1.1 connections, or one gRPC channel, to four pods", groups));
    }

    /** Without the first moment: a channel that is being made sends its calls where it is connected already. */
    static Calls settled(Calls calls) {
        return calls.all().isEmpty()
                ? calls
                : calls.between(calls.all().get(0).startMicros() + SETTLE.toMillis() * 1000, Long.MAX_VALUE);
    }

    private static void tell(Stage stage, LoadClient.Running load, Calls calls, List<String> pods) {
        String what = load.client().placement() + ", " + load.spec().protocol();
        double ratio = calls.maxOverMean(pods);
        String seen = String.format(
                Locale.ROOT, "max/mean %.3f of %s; %s", ratio, calls.summary(), Calls.perPod(calls.perPod()));
        if (load.client().placement().startsWith("plain")) {
            stage.findings().check(what, "uneven, > " + EVEN, seen, ratio > EVEN);
        } else {
            stage.findings()
                    .check(
                            what,
                            "even, <= " + EVEN + ", 0 failed",
                            seen,
                            ratio <= EVEN && calls.failed().size() == 0);
        }
        stage.findings().figure(what + ", times", calls.percentiles());
    }
}
