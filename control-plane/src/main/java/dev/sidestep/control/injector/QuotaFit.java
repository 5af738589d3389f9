package dev.sidestep.control.injector;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;

/** ResourceQuota: whether a pod would be admitted. */
final class QuotaFit {
    /** What a quota counts, and what of a pod that is. */
    private static final Map<String, String[]> COUNTED = new TreeMap<>(Map.of(
            "cpu", new String[] {"requests", "cpu"},
            "memory", new String[] {"requests", "memory"},
            "requests.cpu", new String[] {"requests", "cpu"},
            "requests.memory", new String[] {"requests", "memory"},
            "limits.cpu", new String[] {"limits", "cpu"},
            "limits.memory", new String[] {"limits", "memory"}));

    private final List<JsonNode> quotas;

    QuotaFit(List<JsonNode> quotas) {
        this.quotas = quotas;
    }

    /** One clause for each thing that the API server would refuse. */
    List<String> violations(PodUsage pod) {
        var violations = new ArrayList<String>();
        for (JsonNode quota : quotas) {
            if (isAbout(quota, pod)) {
                check(violations, quota, pod);
            }
        }
        return violations;
    }

    private static void check(List<String> violations, JsonNode quota, PodUsage pod) {
        String name = "ResourceQuota " + quota.path("metadata").path("name").asString("");
        JsonNode status = quota.path("status");
        JsonNode limits = status.path("hard").isObject()
                ? status.path("hard")
                : quota.path("spec").path("hard");
        COUNTED.forEach((key, what) -> {
            JsonNode hard = limits.path(key);
            if (hard.isMissingNode()) {
                return;
            }
            if (!pod.saysEverywhere(what[0], what[1])) {
                violations.add(name + ": every container must have " + what[0] + "." + what[1]);
            }
            BigDecimal left = Quantities.amount(hard)
                    .subtract(Quantities.amount(status.path("used").path(key)));
            BigDecimal wanted = pod.total(what[0], what[1]);
            if (wanted.compareTo(left) > 0) {
                violations.add(name + ": " + key + " " + text(wanted) + " wanted, " + text(left) + " left of "
                        + hard.asString(""));
            }
        });
    }

    private static String text(BigDecimal amount) {
        return amount.max(BigDecimal.ZERO).stripTrailingZeros().toPlainString();
    }

    private static boolean isAbout(JsonNode quota, PodUsage pod) {
        JsonNode spec = quota.path("spec");
        for (JsonNode scope : spec.path("scopes")) {
            if (!isIn(scope.asString(""), "Exists", List.of(), pod)) {
                return false;
            }
        }
        for (JsonNode match : spec.path("scopeSelector").path("matchExpressions")) {
            List<String> values = match.path("values")
                    .valueStream()
                    .map(value -> value.asString(""))
                    .toList();
            if (!isIn(
                    match.path("scopeName").asString(""), match.path("operator").asString(""), values, pod)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isIn(String scope, String operator, List<String> values, PodUsage pod) {
        boolean terminating = pod.spec().path("activeDeadlineSeconds").isNumber();
        return switch (scope) {
            case "Terminating" -> terminating;
            case "NotTerminating" -> !terminating;
            case "BestEffort" -> pod.isBestEffort();
            case "NotBestEffort" -> !pod.isBestEffort();
            case "PriorityClass" -> {
                String its = pod.spec().path("priorityClassName").asString("");
                yield switch (operator) {
                    case "In" -> values.contains(its);
                    case "NotIn" -> !values.contains(its);
                    case "DoesNotExist" -> its.isEmpty();
                    default -> !its.isEmpty();
                };
            }
            case "CrossNamespacePodAffinity" -> false; // Ours adds none; at worst such a quota is looked at too little.
            default -> true; // Unknown: as if it were about this pod, which only makes us more careful.
        };
    }
}
