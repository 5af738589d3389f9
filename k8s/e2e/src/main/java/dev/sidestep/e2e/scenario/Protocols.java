package dev.sidestep.e2e.scenario;

import dev.sidestep.e2e.Await;
import dev.sidestep.e2e.Cluster;
import dev.sidestep.e2e.LoadClient;
import dev.sidestep.e2e.Scenario;
import dev.sidestep.e2e.Stage;
import dev.sidestep.e2e.Stage.Placement;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What is not HTTP request and answer goes through an injected pod as before, and so do pods that end. */
final class Protocols implements Scenario {
    /** What kube-proxy may take from a pod's readiness to its rule. */
    private static final Duration PROXY_RULES = Duration.ofSeconds(3);

    private static final Duration PATIENCE = Duration.ofMinutes(1);

    @Override
    public Title title() {
        return new Title(
                "protocols",
                "Job, init container, StatefulSet, Redis, PostgreSQL, TCP, WebSocket, 100 MB, TLS, source addresses",
                true,
                Set.of());
    }

    @Override
    public void play(Stage stage) throws Exception {
        String namespace = stage.namespace();
        Cluster cluster = stage.cluster();
        stage.apply(
                namespace,
                "backend.yaml",
                Map.of("name", "backend", "replicas", "3", "inject", "disabled", "on-term", "drain"));
        stage.apply(namespace, "protocols.yaml", Map.of());
        LoadClient client = stage.clients(namespace, stage.withSidestep() ? Placement.SIDECAR : Placement.PLAIN)
                .get(0);
        cluster.awaitRollout(namespace, "backend");
        for (String pod : List.of("redis", "postgres", "stateful-0", "stateful-1")) {
            cluster.awaitReady(namespace, pod);
        }
        client.awaitAnswer("http://backend/api", 3);
        Await.pause(PROXY_RULES);

        probe(stage, client, "Redis", "tool", "redis", "redis:6379");
        probe(stage, client, "PostgreSQL", "tool", "postgres", "postgres:5432");
        probe(stage, client, "TCP, the server speaks first, declared", "tool", "greeting", "backend:82");
        probe(stage, client, "TCP, the server speaks first, undeclared", "tool", "greeting", "undeclared:82");
        probe(stage, client, "the same again, remembered", "tool", "greeting", "undeclared:82");
        probe(stage, client, "WebSocket", "tool", "websocket", "http://backend/websocket");
        probe(stage, client, "100 MB both ways", "tool", "blob", "http://backend", "100");
        probe(stage, client, "TLS passed through, declared", "tool", "tls", "backend:83", "backend.example");
        probe(stage, client, "TLS passed through, undeclared", "tool", "tls", "undeclared:83", "backend.example");
        for (String pod : List.of("stateful-0", "stateful-1")) {
            String url = "http://" + pod + ".stateful/";
            Cluster.Output output = client.exec("tool", "get", url);
            stage.findings()
                    .check("GET " + url, pod, output.text(), output.text().equals(pod));
        }
        sourceAddress(stage, namespace, client);
        logs(stage, namespace, client);
        job(stage, namespace);
    }

    private static void probe(Stage stage, LoadClient client, String what, String... command) {
        Cluster.Output output = client.exec(command);
        stage.findings().check(what, "works", output.text(), output.ok());
    }

    private static void sourceAddress(Stage stage, String namespace, LoadClient client) {
        String address = stage.cluster()
                .pod(namespace, client.pod())
                .orElseThrow()
                .getStatus()
                .getPodIP();
        Cluster.Output output = client.exec("sh", "-c", "wget -S -qO- http://backend/ 2>&1 | grep -i '^ *peer:'");
        String seen = output.text().replaceAll("(?i)^ *peer: *", "").strip();
        stage.findings().check("source address that the server sees", address, seen, seen.equals(address));
    }

    /** {@code kubectl logs POD} without a container: the first one, which has to be the application's. */
    private static void logs(Stage stage, String namespace, LoadClient client) {
        String first = stage.cluster()
                .pod(namespace, client.pod())
                .orElseThrow()
                .getSpec()
                .getContainers()
                .get(0)
                .getName();
        stage.findings().check("kubectl logs shows the app", "client", first, first.equals("client"));
    }

    private static void job(Stage stage, String namespace) throws IOException {
        stage.apply(
                namespace, "job.yaml", Map.of("name", "job", "inject", stage.withSidestep() ? "sidecar" : "disabled"));
        long start = System.nanoTime();
        String condition = Await.untilPresent(
                "the Job's end",
                PATIENCE,
                () -> end(stage.cluster()
                        .api()
                        .batch()
                        .v1()
                        .jobs()
                        .inNamespace(namespace)
                        .withName("job")
                        .get()));
        String said =
                stage.cluster().api().pods().inNamespace(namespace).withLabel("app", "job").list().getItems().stream()
                        .map(each -> stage.cluster()
                                        .logs(namespace, each.getMetadata().getName(), "early")
                                        .strip()
                                + " to its init container, "
                                + stage.cluster()
                                        .logs(namespace, each.getMetadata().getName(), "work")
                                        .strip() + " to itself")
                        .findFirst()
                        .orElse("no pod");
        stage.findings()
                .check(
                        "a Job completes, and its init container calls a Service",
                        "Complete",
                        condition + " after "
                                + Duration.ofNanos(System.nanoTime() - start).toMillis() + " ms: " + said,
                        condition.equals("Complete"));
    }

    private static Optional<String> end(Job job) {
        return job.getStatus().getConditions().stream()
                .filter(each -> each.getStatus().equals("True"))
                .map(each -> each.getType())
                .filter(each -> each.equals("Complete") || each.equals("Failed"))
                .findFirst();
    }
}
