package dev.sidestep.demo;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** The run's end for people (the table) and for programs (JSON). */
final class Report {
    private final Facts facts;
    private final Evenness evenness;
    private final List<Promise> promises;
    private final List<String> commands;

    Report(Facts facts, Observations observations, List<Promise> promises, List<String> commands) {
        this.facts = facts;
        this.evenness = new Evenness(observations);
        this.promises = promises;
        this.commands = commands;
    }

    boolean kept() {
        return promises.stream().allMatch(Promise::kept);
    }

    List<String> commands() {
        return commands;
    }

    String table() {
        String format = "%-" + width(Promise::promise) + "s  %-" + width(Promise::bar) + "s  %-" + width(Promise::seen)
                + "s  %s%n";
        var text = new StringBuilder();
        text.append(String.format(Locale.ROOT, format, "promise", "bar", "seen", "kept"));
        for (Promise each : promises) {
            text.append(String.format(
                    Locale.ROOT, format, each.promise(), each.bar(), each.seen(), each.kept() ? "yes" : "NO"));
            if (!each.kept() && !each.note().isEmpty()) {
                text.append("  ").append(each.note()).append(System.lineSeparator());
            }
        }
        return text.toString();
    }

    private int width(Function<Promise, String> column) {
        return promises.stream()
                .mapToInt(each -> column.apply(each).length())
                .max()
                .orElse(0);
    }

    String json() {
        return "{\n  \"kept\": " + kept() + ",\n  \"promises\": [\n"
                + promises.stream().map(Report::json).collect(Collectors.joining(",\n"))
                + "\n  ],\n  \"requests\": {\n"
                + "    \"before\": " + requests(facts.before) + ",\n"
                + "    \"after\": " + requests(facts.after) + "\n  },\n"
                + "  \"commands\": ["
                + commands.stream().map(Report::quote).collect(Collectors.joining(", "))
                + "]\n}\n";
    }

    private static String json(Promise promise) {
        return "    {\"promise\": " + quote(promise.promise()) + ", \"bar\": " + quote(promise.bar()) + ", \"seen\": "
                + quote(promise.seen()) + ", \"kept\": " + promise.kept() + ", \"note\": " + quote(promise.note())
                + "}";
    }

    private String requests(List<Window> windows) {
        return windows.stream()
                .map(window -> quote(window.client()) + ": {\"http\": "
                        + counts(window, call -> call.kind().isHttp()) + ", \"grpc\": "
                        + counts(window, call -> !call.kind().isHttp()) + "}")
                .collect(Collectors.joining(", ", "{", "}"));
    }

    private String counts(Window window, Predicate<Call> kind) {
        Map<String, Long> counts = evenness.perPod(window, kind);
        return counts.entrySet().stream()
                .map(each -> quote(each.getKey()) + ": " + each.getValue())
                .collect(Collectors.joining(", ", "{", "}"));
    }

    private static String quote(String text) {
        var quoted = new StringBuilder("\"");
        text.chars().forEach(each -> {
            if (each == '"' || each == '\\') {
                quoted.append('\\').append((char) each);
            } else if (each < 0x20) {
                quoted.append(String.format(Locale.ROOT, "\\u%04x", each));
            } else {
                quoted.append((char) each);
            }
        });
        return quoted.append('"').toString();
    }
}
