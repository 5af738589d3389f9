package dev.sidestep.control.injector;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * What a pod asks for, reckoned as scheduler, LimitRange and ResourceQuota do: what runs all the time is added up, init
 * containers count one at a time, each beside the native sidecars that were started before it (KEP-753).
 */
final class PodUsage {
    /** What a quota makes every container say. */
    static final List<String> RESOURCES = List.of("cpu", "memory");

    private final JsonNode spec;
    private final List<JsonNode> limitRanges;

    /** @param limitRanges give defaults to containers that ask for nothing */
    PodUsage(JsonNode pod, List<JsonNode> limitRanges) {
        spec = pod.path("spec");
        this.limitRanges = limitRanges;
    }

    List<JsonNode> containers() {
        return Stream.concat(
                        spec.path("containers").valueStream(),
                        spec.path("initContainers").valueStream())
                .toList();
    }

    /**
     * What {@code container} has, or gets as a default; empty if nothing.
     *
     * @param kind {@code requests} or {@code limits}
     */
    Optional<BigDecimal> of(JsonNode container, String kind, String resource) {
        JsonNode own = container.path("resources").path(kind).path(resource);
        if (!own.isMissingNode() && !own.isNull()) {
            return Optional.of(Quantities.amount(own));
        }
        String defaults = kind.equals("limits") ? "default" : "defaultRequest";
        for (JsonNode item : limits(limitRanges, "Container")) {
            JsonNode value = item.path(defaults).path(resource);
            if (!value.isMissingNode()) {
                return Optional.of(Quantities.amount(value));
            }
        }
        return Optional.empty();
    }

    /** Of the whole pod; nothing counts as zero. */
    BigDecimal total(String kind, String resource) {
        JsonNode ofPod = spec.path("resources").path(kind).path(resource);
        if (!ofPod.isMissingNode()) {
            return Quantities.amount(ofPod);
        }
        return ofContainers(kind, resource)
                .add(Quantities.amount(spec.path("overhead").path(resource)));
    }

    /** Of its containers together. */
    BigDecimal ofContainers(String kind, String resource) {
        BigDecimal running = BigDecimal.ZERO;
        BigDecimal peak = BigDecimal.ZERO;
        for (JsonNode container : spec.path("initContainers")) {
            BigDecimal its = of(container, kind, resource).orElse(BigDecimal.ZERO);
            if (container.path("restartPolicy").asString("").equals("Always")) {
                running = running.add(its);
                peak = peak.max(running);
            } else {
                peak = peak.max(running.add(its));
            }
        }
        for (JsonNode container : spec.path("containers")) {
            running = running.add(of(container, kind, resource).orElse(BigDecimal.ZERO));
        }
        return running.max(peak);
    }

    /** Whether all containers say {@code kind} of {@code resource}. */
    boolean saysEverywhere(String kind, String resource) {
        return containers().stream()
                .allMatch(container -> of(container, kind, resource).isPresent());
    }

    /** Whether nobody in it asks for anything. */
    boolean isBestEffort() {
        return RESOURCES.stream()
                .allMatch(resource -> isNothing("requests", resource) && isNothing("limits", resource));
    }

    private boolean isNothing(String kind, String resource) {
        return ofContainers(kind, resource)
                        .add(Quantities.amount(spec.path("resources").path(kind).path(resource)))
                        .signum()
                == 0;
    }

    /** Whether every container has the same limits as requests, of both resources. */
    boolean isGuaranteed() {
        return containers().stream()
                .allMatch(container -> RESOURCES.stream().allMatch(resource -> {
                    Optional<BigDecimal> limit = of(container, "limits", resource);
                    return limit.isPresent()
                            && limit.get().signum() > 0
                            && limit.get()
                                            .compareTo(of(container, "requests", resource)
                                                    .orElse(limit.get()))
                                    == 0;
                }));
    }

    JsonNode spec() {
        return spec;
    }

    /** The items of {@code type}, {@code Container} or {@code Pod}. */
    static List<JsonNode> limits(List<JsonNode> limitRanges, String type) {
        var found = new ArrayList<JsonNode>();
        for (JsonNode range : limitRanges) {
            for (JsonNode item : range.path("spec").path("limits")) {
                if (item.path("type").asString("").equals(type)) {
                    found.add(item);
                }
            }
        }
        return found;
    }
}
