package dev.sidestep.e2e;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;

/** What it takes to understand a failure afterwards, gathered while the pods are still there. */
final class Evidence {
    private static final int CONTROL_PLANE_ADMIN = ControlPlanes.ADMIN;
    private static final int SIDECAR_ADMIN = 16000;
    private static final int SIDECAR_METRICS = 16020;
    private static final String SIDECAR = "sidestep-sidecar";

    private final Cluster cluster;

    Evidence(Cluster cluster) {
        this.cluster = cluster;
    }

    /** For each namespace, and for the control plane's: objects, events, logs, and what our processes say of themselves. */
    void gather(List<String> namespaces, List<LoadClient> clients, Path folder) throws IOException {
        empty(folder);
        Path records = Files.createDirectories(folder.resolve("calls"));
        for (LoadClient each : clients) {
            try {
                for (Map.Entry<String, String> load : each.records().entrySet()) {
                    Files.writeString(records.resolve(load.getKey()), load.getValue());
                }
            } catch (ClusterException e) {
                Files.writeString(records.resolve(each.placement()), "not to be had: " + e.getMessage());
            }
        }
        for (String namespace : Stream.concat(namespaces.stream(), Stream.of(ControlPlanes.NAMESPACE))
                .distinct()
                .toList()) {
            Path own = Files.createDirectories(folder.resolve(namespace));
            write(
                    own.resolve("events.yaml"),
                    () -> yaml(cluster.api()
                            .v1()
                            .events()
                            .inNamespace(namespace)
                            .list()
                            .getItems()));
            write(
                    own.resolve("endpointslices.yaml"),
                    () -> yaml(cluster.api()
                            .discovery()
                            .v1()
                            .endpointSlices()
                            .inNamespace(namespace)
                            .list()
                            .getItems()));
            List<Pod> pods = cluster.api().pods().inNamespace(namespace).list().getItems();
            write(own.resolve("pods.yaml"), () -> yaml(pods));
            for (Pod pod : pods) {
                gather(pod, own);
            }
        }
    }

    /** What an earlier run left there would be taken for this one's. */
    private static void empty(Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(each);
                }
            }
        }
    }

    private void gather(Pod pod, Path folder) throws IOException {
        String namespace = pod.getMetadata().getNamespace();
        String name = pod.getMetadata().getName();
        for (Container each : Stream.concat(
                        pod.getSpec().getInitContainers().stream(), pod.getSpec().getContainers().stream())
                .toList()) {
            write(
                    folder.resolve(name + "." + each.getName() + ".log"),
                    () -> cluster.logs(namespace, name, each.getName()));
        }
        if (namespace.equals(ControlPlanes.NAMESPACE)) {
            askAll(pod, CONTROL_PLANE_ADMIN, List.of("status", "config_dump", "metrics"), folder);
        } else if (pod.getSpec().getInitContainers().stream()
                .anyMatch(each -> each.getName().equals(SIDECAR))) {
            askAll(pod, SIDECAR_ADMIN, List.of("status", "config_dump", "clusters"), folder);
            askAll(pod, SIDECAR_METRICS, List.of("metrics"), folder);
        }
    }

    private void askAll(Pod pod, int port, List<String> paths, Path folder) throws IOException {
        try (var admin = AdminForward.open(cluster, pod, port)) {
            for (String path : paths) {
                write(folder.resolve(pod.getMetadata().getName() + "." + path), () -> admin.read(path));
            }
        }
    }

    private static String yaml(List<?> items) {
        return Serialization.asYaml(items);
    }

    /** What cannot be had is written down too: that it could not is a fact of its own. */
    private static void write(Path file, Callable<String> source) throws IOException {
        String text;
        try {
            text = source.call();
        } catch (Exception e) {
            text = "not to be had: " + e.getMessage() + System.lineSeparator();
        }
        Files.writeString(file, text == null ? "" : text);
    }
}
