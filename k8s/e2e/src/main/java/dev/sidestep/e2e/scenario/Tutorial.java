package dev.sidestep.e2e.scenario;

import dev.sidestep.e2e.Await;
import dev.sidestep.e2e.Calls;
import dev.sidestep.e2e.Clocks;
import dev.sidestep.e2e.Cluster;
import dev.sidestep.e2e.EndpointWatch;
import dev.sidestep.e2e.LoadClient;
import dev.sidestep.e2e.LoadSpec;
import dev.sidestep.e2e.Scenario;
import dev.sidestep.e2e.Stage;
import dev.sidestep.e2e.Stage.Placement;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/** The beginner's tutorial, its manifests unchanged but for the image, with two labels added and nothing else. */
final class Tutorial implements Scenario {
    private static final String SERVICE = "backend-service";
    private static final Duration AROUND = Duration.ofSeconds(5);
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final long USED_WITHIN_MILLIS = 1000;
    private static final double EVEN = 1.05;

    @Override
    public Title title() {
        return new Title(
                "tutorial",
                "ClusterIP, NodePort, LoadBalancer, DNS, Endpoints, and pods that come and go",
                true,
                Set.of());
    }

    @Override
    public void play(Stage stage) throws Exception {
        Cluster cluster = stage.cluster();
        String namespace =
                stage.namespace(Map.of("sidestep.dev/inject", stage.withSidestep() ? "sidecar" : "disabled"));
        String fullName = SERVICE + "." + namespace + ".svc.cluster.local";
        cluster.apply(namespace, stage.manifests().tutorial("backend-deployment.yaml"));
        cluster.apply(namespace, stage.manifests().tutorial("frontend-service.yaml"));
        stage.apply(namespace, "frontend.yaml", Map.of());
        cluster.awaitRollout(namespace, "backend");
        cluster.awaitRollout(namespace, "frontend");
        List<String> pods = cluster.podNames(namespace, "backend");
        LoadClient frontend =
                stage.client(namespace, cluster.podNames(namespace, "frontend").get(0), "frontend", 80, java(stage));

        shell(stage, namespace, "shell-short", "http://" + SERVICE, pods);
        shell(stage, namespace, "shell-full", "http://" + fullName, pods);
        shell(stage, stage.namespace(), "shell-elsewhere", "http://" + fullName, pods);
        for (String url : List.of("http://" + SERVICE + "/api", "http://" + fullName + "/api")) {
            String answer = frontend.call(url);
            stage.findings()
                    .check(frontend.placement() + ", GET " + url, "a backend pod", answer, pods.contains(answer));
        }
        new OutsideAddresses(stage, namespace).play(frontend.pod(), pods);
        comeAndGo(stage, namespace, frontend);
    }

    private static Placement java(Stage stage) {
        return stage.withSidestep() ? Placement.AGENT : Placement.PLAIN_JAVA;
    }

    /** {@code wget} in a pod that ends; in the labelled namespace it is injected as everything is. */
    private static void shell(Stage stage, String namespace, String name, String url, List<String> pods)
            throws IOException {
        stage.apply(namespace, "shell.yaml", Map.of("name", name, "url", url));
        String phase = stage.cluster().awaitEnd(namespace, name);
        String answer = stage.cluster().logs(namespace, name, "try").strip();
        stage.findings()
                .check("pod " + name + ", wget " + url, "a backend pod", answer + ", " + phase, pods.contains(answer));
    }

    /** 200 calls a second while pods are added, deleted and taken away. */
    private static void comeAndGo(Stage stage, String namespace, LoadClient frontend) throws IOException {
        Cluster cluster = stage.cluster();
        List<String> first = cluster.podNames(namespace, "backend");
        List<LoadClient> clients = new ArrayList<>(stage.clients(namespace, Placement.PLAIN, Placement.SIDECAR));
        clients.add(frontend);
        EndpointWatch watch = stage.watch(namespace, SERVICE);
        clients.forEach(each -> each.awaitAnswer("http://" + SERVICE + "/api", first.size()));
        List<LoadClient.Running> loads = clients.stream()
                .map(each -> each.start(LoadSpec.http("http://" + SERVICE + "/api", 4, 200)))
                .toList();
        Await.pause(AROUND);
        long scaled = Clocks.micros();
        cluster.scale(namespace, "backend", 5);
        Await.until("five ready endpoints", PATIENCE, () -> watch.ready().size() == 5);
        Await.pause(AROUND);
        cluster.deletePod(namespace, first.get(0));
        Await.until(
                "the deleted pod off the list", PATIENCE, () -> !watch.ready().contains(first.get(0)));
        Await.until("its successor on it", PATIENCE, () -> watch.ready().size() == 5);
        Await.pause(AROUND);
        cluster.scale(namespace, "backend", 2);
        Await.until("two ready endpoints", PATIENCE, () -> watch.ready().size() == 2);
        Await.pause(AROUND);
        for (LoadClient.Running load : loads) {
            tell(stage, load, load.stop(), first, scaled, watch);
        }
    }

    private static void tell(
            Stage stage, LoadClient.Running load, Calls calls, List<String> first, long scaled, EndpointWatch watch) {
        boolean plain = load.client().placement().startsWith("plain");
        String who = load.client().placement();
        long offset = load.client().clockOffsetMicros();
        Calls settled = calls.between(0, scaled + offset);
        double ratio = settled.maxOverMean(first);
        String even = String.format(Locale.ROOT, "max/mean %.3f; %s", ratio, Calls.perPod(settled.perPod()));
        List<String> late = new ArrayList<>();
        List<String> used = new ArrayList<>();
        for (String pod : watch.everReady()) {
            OptionalLong ready = watch.readySince(pod);
            if (first.contains(pod) || ready.isEmpty()) {
                continue;
            }
            OptionalLong answered = calls.firstAnswerOf(pod);
            long millis = answered.isEmpty() ? -1 : (answered.getAsLong() - offset - ready.getAsLong()) / 1000;
            used.add(answered.isEmpty() ? "never" : millis + " ms");
            if (answered.isEmpty() || millis > USED_WITHIN_MILLIS) {
                late.add(pod);
            }
        }
        if (plain) {
            stage.findings().figure(who + ", evenness", even);
            stage.findings().figure(who + ", new pods used after ready", String.join(", ", used));
            stage.findings().figure(who + ", pods come and go", calls.summary());
        } else {
            stage.findings().check(who + ", evenness", "<= " + EVEN, even, ratio <= EVEN);
            stage.findings()
                    .check(
                            who + ", new pods used after ready",
                            "<= 1000 ms",
                            String.join(", ", used),
                            late.isEmpty() && !used.isEmpty());
            stage.findings()
                    .check(
                            who + ", pods come and go",
                            "0 failed",
                            calls.summary(),
                            calls.failed().size() == 0 && calls.size() > 0);
        }
    }
}
