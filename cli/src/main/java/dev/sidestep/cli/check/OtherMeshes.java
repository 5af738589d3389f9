package dev.sidestep.cli.check;

import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** Whether another mesh takes the calls of some pods already: those are not injected by us. */
final class OtherMeshes implements Check {
    private static final Map<String, String> WEBHOOKS = new TreeMap<>(Map.of(
            "istio-", "Istio",
            "linkerd-", "Linkerd",
            "consul-", "Consul",
            "kuma-", "Kuma",
            "osm-", "Open Service Mesh"));

    private final KubernetesClient client;

    OtherMeshes(KubernetesClient client) {
        this.client = client;
    }

    @Override
    public String subject() {
        return "other meshes";
    }

    @Override
    public List<Finding> look() {
        return judge(
                client.admissionRegistration().v1().mutatingWebhookConfigurations().list().getItems().stream()
                        .map(each -> each.getMetadata().getName())
                        .toList(),
                client.namespaces().list().getItems());
    }

    static List<Finding> judge(Collection<String> webhooks, Collection<Namespace> namespaces) {
        String subject = "other meshes";
        List<Finding> findings = new ArrayList<>();
        WEBHOOKS.forEach((prefix, mesh) -> {
            if (webhooks.stream().anyMatch(name -> name.startsWith(prefix))) {
                findings.add(Finding.note(
                        subject,
                        mesh + " is installed: a pod that it takes is left to it",
                        "label only pods and namespaces that it does not take"));
            }
        });
        List<String> taken = namespaces.stream()
                .filter(OtherMeshes::isTaken)
                .map(each -> each.getMetadata().getName())
                .toList();
        if (!taken.isEmpty()) {
            findings.add(Finding.note(
                    subject,
                    "another mesh takes the pods of " + Nodes.some(taken),
                    "keep sidestep.dev/inject off these, or take the other mesh's label away first"));
        }
        return findings.isEmpty() ? List.of(Finding.ok(subject, "none")) : findings;
    }

    private static boolean isTaken(Namespace namespace) {
        Map<String, String> labels =
                Objects.requireNonNullElse(namespace.getMetadata().getLabels(), Map.of());
        Map<String, String> annotations =
                Objects.requireNonNullElse(namespace.getMetadata().getAnnotations(), Map.of());
        return "enabled".equals(labels.get("istio-injection"))
                || labels.containsKey("istio.io/rev")
                || "ambient".equals(labels.get("istio.io/dataplane-mode"))
                || "enabled".equals(labels.get("kuma.io/sidecar-injection"))
                || "enabled".equals(annotations.get("linkerd.io/inject"));
    }
}
