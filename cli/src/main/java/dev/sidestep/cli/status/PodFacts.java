package dev.sidestep.cli.status;

import dev.sidestep.cli.cluster.Names;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * What one pod tells of its injection.
 *
 * @param workload what made it, as kubectl names it: {@code deployment/backend}
 * @param asked whether its label or its namespace's asks for injection; the pod's wins
 * @param injectedAs {@code agent}, {@code sidecar}, {@code proxy} (one without a redirect) or {@code grpc}; empty: it is not
 *     injected
 * @param version of what was injected; "" if that is not said
 * @param reason why it is not injected, or not as asked for, in the injector's words; "" if there is nothing to say, or the
 *     injector never saw it
 * @param mode what its annotation or its namespace's says in place of {@code balance}; "" if nothing
 */
public record PodFacts(
        String namespace,
        String name,
        String workload,
        boolean asked,
        Optional<String> injectedAs,
        String version,
        String reason,
        String mode) {

    private static final Set<String> NO = Set.of("disabled", "false");
    private static final Set<String> NOT_OURS =
            Set.of("kube-system", "kube-public", "kube-node-lease", Names.SYSTEM_NAMESPACE);
    private static final String MODE = "sidestep.dev/mode";
    private static final String TEMPLATE_HASH = "pod-template-hash";

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Reads {@code pod}, which lies in {@code namespace}. */
    public static PodFacts of(Pod pod, Namespace namespace) {
        JsonNode status = status(annotation(pod.getMetadata(), Names.STATUS));
        return new PodFacts(
                pod.getMetadata().getNamespace(),
                pod.getMetadata().getName(),
                workload(pod.getMetadata()),
                asked(label(namespace.getMetadata(), Names.INJECT), label(pod.getMetadata(), Names.INJECT))
                        && !NOT_OURS.contains(namespace.getMetadata().getName()),
                injectedAs(label(pod.getMetadata(), Names.INJECTED), status),
                status.path("version").asString(""),
                status.path("reason").asString(""),
                first(annotation(pod.getMetadata(), MODE), annotation(namespace.getMetadata(), MODE)));
    }

    /** The label is what others find it by; the annotation says more exactly how. */
    private static Optional<String> injectedAs(String label, JsonNode status) {
        return label.isEmpty()
                ? Optional.empty()
                : Optional.of(status.path("mode").asString(label));
    }

    /** Whether these labels, "" where there is none, ask for injection. */
    static boolean asked(String ofNamespace, String ofPod) {
        String says = first(ofPod, ofNamespace);
        return !says.isEmpty() && !NO.contains(says);
    }

    /** A pod of a Deployment belongs to a ReplicaSet, whose name is the Deployment's and a hash. */
    private static String workload(ObjectMeta pod) {
        Optional<OwnerReference> owner = pod.getOwnerReferences().stream()
                .filter(each -> Boolean.TRUE.equals(each.getController()))
                .findFirst();
        if (owner.isEmpty()) {
            return "pod/" + pod.getName();
        }
        String kind = owner.get().getKind();
        String name = owner.get().getName();
        String hash = "-" + label(pod, TEMPLATE_HASH);
        if (kind.equals("ReplicaSet") && hash.length() > 1 && name.endsWith(hash)) {
            return "deployment/" + name.substring(0, name.length() - hash.length());
        }
        return kind.toLowerCase(Locale.ROOT) + "/" + name;
    }

    private static JsonNode status(String annotation) {
        try {
            return annotation.isEmpty() ? JSON.createObjectNode() : JSON.readTree(annotation);
        } catch (JacksonException e) {
            return JSON.createObjectNode(); // Somebody else's text: as if there were none.
        }
    }

    private static String label(ObjectMeta of, String key) {
        return text(of.getLabels(), key);
    }

    private static String annotation(ObjectMeta of, String key) {
        return text(of.getAnnotations(), key);
    }

    private static String text(Map<String, String> from, String key) {
        return from == null ? "" : Objects.requireNonNullElse(from.get(key), "");
    }

    private static String first(String one, String other) {
        return one.isEmpty() ? other : one;
    }
}
