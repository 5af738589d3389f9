package dev.sidestep.cli;

import dev.sidestep.cli.cluster.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/**
 * An answer of {@code /why}, for people. A sidecar tells what it does with calls and how each endpoint fares; a control
 * plane only what it would tell a client.
 */
final class Explanation {
    private final JsonNode answer;

    Explanation(JsonNode answer) {
        this.answer = answer;
    }

    List<String> lines() {
        List<String> lines = new ArrayList<>();
        String why = answer.path("why").asString("");
        lines.add(text("host") + ":" + text("port") + "  " + text("answer") + (why.isEmpty() ? "" : ": " + why));
        lines.add("meant as:   " + tried());
        if (answer.has("callerMode")) {
            lines.add("mode:       " + lower("callerMode") + " here, "
                    + (answer.has("serviceMode") ? lower("serviceMode") : "unknown") + " for the Service");
            lines.add("freshness:  " + freshness());
        }
        JsonNode endpoints = answer.path("cluster").path("endpoints");
        if (!endpoints.isEmpty()) {
            lines.add("endpoints:");
            lines.addAll(Table.of(
                    List.of("  ADDRESS", "POD", "STATE", "USED", "OK", "FAILED", "WHY"),
                    endpoints.valueStream().map(this::row).toList()));
        }
        return lines;
    }

    private String tried() {
        return answer.path("tried")
                .valueStream()
                .map(each -> each.isString()
                        ? each.asString()
                        : each.path("name").asString("") + " ("
                                + each.path("found").asString("") + ")")
                .collect(Collectors.joining(", "));
    }

    private String freshness() {
        JsonNode cluster = answer.path("cluster");
        String connected = answer.path("connected").asBoolean() ? "control plane connected" : "no control plane";
        if (cluster.isMissingNode() || cluster.path("current").asBoolean()) {
            return connected;
        }
        return connected + ", the list was last confirmed "
                + cluster.path("ageSeconds").asString("?") + " s ago";
    }

    private List<String> row(JsonNode endpoint) {
        if (endpoint.has("state")) {
            return List.of(
                    "  " + endpoint.path("address").asString(),
                    endpoint.path("pod").asString(""),
                    endpoint.path("state").asString("").toLowerCase(Locale.ROOT),
                    endpoint.path("picked").asBoolean() ? "yes" : "no",
                    endpoint.path("successes").asString("0"),
                    endpoint.path("failures").asString("0"),
                    endpoint.path("why").asString(""));
        }
        String address = endpoint.path("address").asString() + ":"
                + endpoint.path("port").asString();
        boolean used = answer.path("usable")
                .valueStream()
                .anyMatch(each -> each.asString().equals(address));
        String state = endpoint.path("terminating").asBoolean()
                ? "terminating"
                : endpoint.path("ready").asBoolean() ? "ready" : "not ready";
        return List.of("  " + address, endpoint.path("pod").asString(""), state, used ? "yes" : "no", "-", "-", "");
    }

    private String lower(String field) {
        return text(field).toLowerCase(Locale.ROOT);
    }

    private String text(String field) {
        return answer.path(field).asString("");
    }
}
