package dev.sidestep.control.injector;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** LimitRange: makes our containers fit where that costs nothing, and says whether a pod fits. */
final class LimitRangeFit {
    private final List<JsonNode> ranges;

    LimitRangeFit(List<JsonNode> ranges) {
        this.ranges = ranges;
    }

    /**
     * Raises what is below a minimum, and lowers what is above a maximum where the container can do with less: an init
     * container with any, the sidecar with less CPU but not with less memory.
     */
    void adapt(ObjectNode container, boolean sidecar) {
        for (JsonNode item : PodUsage.limits(ranges, "Container")) {
            for (String resource : PodUsage.RESOURCES) {
                ObjectNode requests = kind(container, "requests");
                ObjectNode limits = kind(container, "limits");
                raise(requests, resource, item.path("min"));
                raise(limits, resource, item.path("min"));
                if (!sidecar || resource.equals("cpu")) {
                    lower(limits, resource, item.path("max"));
                    lower(requests, resource, item.path("max"));
                }
                keepRatio(requests, limits, resource, item.path("maxLimitRequestRatio"));
            }
        }
    }

    private static void raise(ObjectNode quantities, String resource, JsonNode min) {
        if (quantities.has(resource)
                && min.has(resource)
                && Quantities.amount(quantities.path(resource)).compareTo(Quantities.amount(min.path(resource))) < 0) {
            quantities.set(resource, min.path(resource));
        }
    }

    private static void lower(ObjectNode quantities, String resource, JsonNode max) {
        if (quantities.has(resource)
                && max.has(resource)
                && Quantities.amount(quantities.path(resource)).compareTo(Quantities.amount(max.path(resource))) > 0) {
            quantities.set(resource, max.path(resource));
        }
    }

    private static void keepRatio(ObjectNode requests, ObjectNode limits, String resource, JsonNode ratios) {
        if (!ratios.has(resource) || !requests.has(resource) || !limits.has(resource)) {
            return;
        }
        BigDecimal ratio = Quantities.amount(ratios.path(resource));
        BigDecimal limit = Quantities.amount(limits.path(resource));
        if (ratio.signum() > 0
                && Quantities.amount(requests.path(resource)).multiply(ratio).compareTo(limit) < 0) {
            boolean cpu = resource.equals("cpu");
            BigDecimal least = limit.divide(ratio, cpu ? 3 : 0, RoundingMode.CEILING);
            requests.put(
                    resource,
                    cpu
                            ? least.movePointRight(3).toBigInteger() + "m"
                            : least.toBigInteger().toString());
        }
    }

    /** One clause for each thing that the API server would refuse. */
    List<String> violations(PodUsage pod) {
        var violations = new ArrayList<String>();
        for (JsonNode range : ranges) {
            String name = "LimitRange " + range.path("metadata").path("name").asString("");
            for (JsonNode item : PodUsage.limits(List.of(range), "Container")) {
                for (JsonNode container : pod.containers()) {
                    String who = name + ", container " + container.path("name").asString("");
                    for (String resource : PodUsage.RESOURCES) {
                        check(
                                violations,
                                who,
                                resource,
                                item,
                                pod.of(container, "requests", resource),
                                pod.of(container, "limits", resource));
                    }
                }
            }
            for (JsonNode item : PodUsage.limits(List.of(range), "Pod")) {
                for (String resource : PodUsage.RESOURCES) {
                    check(
                            violations,
                            name + ", pod",
                            resource,
                            item,
                            present(pod.total("requests", resource)),
                            present(pod.total("limits", resource)));
                }
            }
        }
        return violations;
    }

    private static void check(
            List<String> violations,
            String who,
            String resource,
            JsonNode item,
            Optional<BigDecimal> request,
            Optional<BigDecimal> limit) {
        JsonNode min = item.path("min").path(resource);
        if (!min.isMissingNode()) {
            BigDecimal least = Quantities.amount(min);
            if (request.map(value -> value.compareTo(least) < 0).orElse(true)
                    || limit.map(value -> value.compareTo(least) < 0).orElse(false)) {
                violations.add(who + ": at least " + min.asString("") + " " + resource);
            }
        }
        JsonNode max = item.path("max").path(resource);
        if (!max.isMissingNode()) {
            BigDecimal most = Quantities.amount(max);
            if (limit.map(value -> value.compareTo(most) > 0).orElse(true)
                    || request.map(value -> value.compareTo(most) > 0).orElse(false)) {
                violations.add(who + ": at most " + max.asString("") + " " + resource);
            }
        }
        JsonNode ratio = item.path("maxLimitRequestRatio").path(resource);
        if (!ratio.isMissingNode()) {
            boolean kept = request.isPresent()
                    && limit.isPresent()
                    && limit.get().compareTo(request.get().multiply(Quantities.amount(ratio))) <= 0;
            if (!kept) {
                violations.add(
                        who + ": the limit of " + resource + " at most " + ratio.asString("") + " times its request");
            }
        }
    }

    private static Optional<BigDecimal> present(BigDecimal total) {
        return total.signum() > 0 ? Optional.of(total) : Optional.empty();
    }

    private static ObjectNode kind(ObjectNode container, String kind) {
        return PodDraft.object(PodDraft.object(container, "resources"), kind);
    }
}
