package dev.sidestep.control.injector;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Whether another mesh has a pod, or will: two that redirect the same calls serve nobody. */
final class OtherMeshes {
    /** What they call what they inject. */
    private static final Map<String, String> CONTAINERS = Map.of(
            "istio-proxy", "Istio",
            "istio-init", "Istio",
            "istio-validation", "Istio",
            "linkerd-proxy", "Linkerd",
            "linkerd-init", "Linkerd",
            "consul-dataplane", "Consul",
            "consul-connect-inject-init", "Consul",
            "kuma-sidecar", "Kuma",
            "kuma-init", "Kuma");

    private static final Set<String> YES = Set.of("true", "enabled", "ingress", "yes");
    private static final Set<String> NO = Set.of("false", "disabled", "no");

    private OtherMeshes() {}

    /** For people: which one, and by what it is known. */
    static Optional<String> of(PodDraft pod, NamespaceFacts namespace) {
        for (Container container : pod.allContainers()) {
            String mesh = CONTAINERS.get(container.name());
            if (mesh != null) {
                return Optional.of(mesh + ", by its container " + container.name());
            }
        }
        return istio(pod, namespace)
                .or(() -> ambient(pod, namespace))
                .or(() -> byWord("Linkerd", "linkerd.io/inject", pod, namespace))
                .or(() -> byWord("Kuma", "kuma.io/sidecar-injection", pod, namespace))
                .or(() -> byWord("Consul", "consul.hashicorp.com/connect-inject", pod, namespace));
    }

    /** The pod's word wins over its namespace's. */
    private static Optional<String> istio(PodDraft pod, NamespaceFacts namespace) {
        Optional<String> own = pod.label("sidecar.istio.io/inject").or(() -> pod.annotation("sidecar.istio.io/inject"));
        if (own.isPresent()) {
            return YES.contains(own.get())
                    ? Optional.of("Istio, by sidecar.istio.io/inject of the pod")
                    : Optional.empty();
        }
        if (pod.label("istio.io/rev").isPresent()) {
            return Optional.of("Istio, by istio.io/rev of the pod");
        }
        String injection = namespace.labels().getOrDefault("istio-injection", "");
        if (injection.equals("enabled")) {
            return Optional.of("Istio, by istio-injection of the namespace");
        }
        // A revision alone injects; where ambient has the namespace it only names the waypoints' revision.
        boolean revision = namespace.labels().containsKey("istio.io/rev")
                && !injection.equals("disabled")
                && !namespace.labels().containsKey("istio.io/dataplane-mode");
        return revision ? Optional.of("Istio, by istio.io/rev of the namespace") : Optional.empty();
    }

    private static Optional<String> ambient(PodDraft pod, NamespaceFacts namespace) {
        String key = "istio.io/dataplane-mode";
        String mode = pod.label(key).orElse(namespace.labels().getOrDefault(key, ""));
        return mode.equals("ambient") ? Optional.of("Istio's ambient mode, by " + key) : Optional.empty();
    }

    private static Optional<String> byWord(String mesh, String key, PodDraft pod, NamespaceFacts namespace) {
        List<Optional<String>> words = List.of(
                pod.label(key),
                pod.annotation(key),
                Optional.ofNullable(namespace.labels().get(key)),
                Optional.ofNullable(namespace.annotations().get(key)));
        for (Optional<String> word : words) {
            if (word.filter(YES::contains).isPresent()) {
                return Optional.of(mesh + ", by " + key);
            }
            if (word.filter(NO::contains).isPresent()) {
                return Optional.empty();
            }
        }
        return Optional.empty();
    }
}
