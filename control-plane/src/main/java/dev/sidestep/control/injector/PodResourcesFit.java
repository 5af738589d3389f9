package dev.sidestep.control.injector;

import java.math.BigDecimal;
import tools.jackson.databind.JsonNode;

/** Resources of a pod as a whole (KEP-2837): its containers together may not ask for more, none may have a higher limit. */
final class PodResourcesFit {
    private PodResourcesFit() {}

    static void check(PodUsage before, PodUsage after) throws DeclinedException {
        JsonNode ofPod = after.spec().path("resources");
        if (!ofPod.isObject()) {
            return;
        }
        for (String resource : PodUsage.RESOURCES) {
            JsonNode request = ofPod.path("requests").path(resource);
            if (!request.isMissingNode() && isOver(request, before, after, resource)) {
                throw declined("requests", resource, request);
            }
            JsonNode limit = ofPod.path("limits").path(resource);
            if (!limit.isMissingNode() && highest(after, resource).compareTo(Quantities.amount(limit)) > 0) {
                throw declined("limits", resource, limit);
            }
        }
    }

    private static boolean isOver(JsonNode request, PodUsage before, PodUsage after, String resource) {
        BigDecimal most = Quantities.amount(request);
        return before.ofContainers("requests", resource).compareTo(most) <= 0
                && after.ofContainers("requests", resource).compareTo(most) > 0;
    }

    private static BigDecimal highest(PodUsage pod, String resource) {
        return pod.containers().stream()
                .map(container -> pod.of(container, "limits", resource).orElse(BigDecimal.ZERO))
                .reduce(BigDecimal.ZERO, BigDecimal::max);
    }

    private static DeclinedException declined(String kind, String resource, JsonNode most) {
        return new DeclinedException(
                Rule.POD_RESOURCES,
                "the pod as a whole has " + kind + "." + resource + " " + most.asString("")
                        + ", which leaves too little for what is injected",
                "raise spec.resources, or ask for less by sidestep.dev/sidecar-" + resource + "-"
                        + kind.substring(0, kind.length() - 1));
    }
}
