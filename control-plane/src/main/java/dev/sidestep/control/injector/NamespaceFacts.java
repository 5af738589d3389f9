package dev.sidestep.control.injector;

import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * What is known of a pod's namespace.
 *
 * @param labels at least those of ours, of Pod Security Admission and of other meshes
 * @param annotations at least those of ours and of other meshes
 * @param quotas its ResourceQuota objects
 * @param limitRanges its LimitRange objects
 */
public record NamespaceFacts(
        String name,
        Map<String, String> labels,
        Map<String, String> annotations,
        List<JsonNode> quotas,
        List<JsonNode> limitRanges) {
    public NamespaceFacts {
        labels = Map.copyOf(labels);
        annotations = Map.copyOf(annotations);
        quotas = List.copyOf(quotas);
        limitRanges = List.copyOf(limitRanges);
    }

    /** One of which only the name is known. */
    public static NamespaceFacts named(String name) {
        return new NamespaceFacts(name, Map.of(), Map.of(), List.of(), List.of());
    }
}
