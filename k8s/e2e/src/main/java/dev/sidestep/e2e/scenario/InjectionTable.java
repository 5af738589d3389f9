package dev.sidestep.e2e.scenario;

import dev.sidestep.e2e.Await;
import dev.sidestep.e2e.Cluster;
import dev.sidestep.e2e.ClusterException;
import dev.sidestep.e2e.Scenario;
import dev.sidestep.e2e.Stage;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What pods get that ask for Sidestep, and that each of them runs to its end whatever it gets. */
final class InjectionTable implements Scenario {
    private static final String STATUS = "sidestep.dev/status";
    private static final Duration EVENT = Duration.ofSeconds(10);

    @Override
    public Title title() {
        return new Title("injection", "what pods get, row by row; no pod is stopped", true, Set.of(Need.SIDESTEP));
    }

    private record Situation(Map<String, String> labels, String constraint) {}

    @Override
    public void play(Stage stage) throws Exception {
        Cluster cluster = stage.cluster();
        Map<Situation, String> namespaces = new HashMap<>();
        Map<InjectionRow, String> placed = new LinkedHashMap<>();
        for (InjectionRow row : InjectionRow.all()) {
            var situation = new Situation(row.labels(), row.constraint());
            String namespace = namespaces.get(situation);
            if (namespace == null) {
                namespace = stage.namespace(row.labels());
                namespaces.put(situation, namespace);
                stage.apply(namespace, "injection.yaml", Map.of());
                cluster.apply(namespace, row.constraint());
                if (row.labels().isEmpty() && row.constraint().isEmpty()) {
                    stage.apply(
                            namespace,
                            "backend.yaml",
                            Map.of("name", "backend", "replicas", "1", "inject", "disabled", "on-term", "drain"));
                    cluster.awaitRollout(namespace, "backend");
                }
            }
            placed.put(row, namespace);
            cluster.apply(namespace, row.manifest(stage.manifests().image(row.image())));
        }
        for (Map.Entry<InjectionRow, String> each : placed.entrySet()) {
            tell(stage, each.getKey(), each.getValue());
        }
    }

    private static void tell(Stage stage, InjectionRow row, String namespace) {
        Cluster cluster = stage.cluster();
        String phase = cluster.awaitEnd(namespace, row.name());
        Pod pod = cluster.pod(namespace, row.name()).orElseThrow();
        Map<String, Object> status = status(pod);
        String mode = String.valueOf(status.getOrDefault("mode", ""));
        String reason = String.valueOf(status.getOrDefault("reason", ""));
        String printed = cluster.logs(namespace, row.name(), "app");
        boolean told = !mode.equals("none") || event(cluster, namespace, row).isPresent();
        boolean asPromised = phase.equals("Succeeded")
                && mode.equals(row.mode())
                && reason.contains(row.reason())
                && printed.contains(row.prints())
                && told;
        stage.findings()
                .check(
                        row.about(),
                        row.mode().isEmpty()
                                ? "untouched"
                                : row.mode() + (row.reason().isEmpty() ? "" : ", " + row.reason()),
                        phase + ", " + (mode.isEmpty() ? "untouched" : mode) + (reason.isEmpty() ? "" : ", " + reason)
                                + (told ? "" : ", but no Event")
                                + (printed.contains(row.prints())
                                        ? ""
                                        : ", prints: " + printed.strip().replace('\n', ' ')),
                        asPromised);
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> status(Pod pod) {
        return Optional.ofNullable(pod.getMetadata().getAnnotations())
                .map(each -> each.get(STATUS))
                .map(each -> (Map<String, Object>) Serialization.unmarshal(each, Map.class))
                .orElse(Map.of());
    }

    /** What was declined is told by an Event of the pod that names the rule. */
    private static Optional<Event> event(Cluster cluster, String namespace, InjectionRow row) {
        try {
            return Optional.of(Await.untilPresent(
                    "an Event of pod " + row.name(),
                    EVENT,
                    () -> events(cluster, namespace).stream()
                            .filter(each -> each.getInvolvedObject().getName().equals(row.name()))
                            .filter(each -> String.valueOf(each.getMessage()).contains(row.reason()))
                            .findFirst()));
        } catch (ClusterException e) {
            return Optional.empty();
        }
    }

    private static List<Event> events(Cluster cluster, String namespace) {
        return cluster.api().v1().events().inNamespace(namespace).list().getItems();
    }
}
