package dev.sidestep.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.stream.Collectors;

/** What the last second looked like, for each pod and client. */
final class Panel {
    private static final int BAR = 14;
    private static final int CELL = 29;
    /** Calls end a little after they start: the second shown ends this long ago. */
    private static final long LAG = 100_000;

    private final Cast cast;
    private final Observations observations;
    private final SortedMap<String, String> placements;

    /** {@code placements}: the clients, and how each is called now; changes with the story. */
    Panel(Cast cast, Observations observations, SortedMap<String, String> placements) {
        this.cast = cast;
        this.observations = observations;
        this.placements = placements;
    }

    /** The panel of a terminal. */
    List<String> rows() {
        List<Second> clients = seconds();
        List<String> rows = new ArrayList<>();
        rows.add(row(
                "",
                clients.stream()
                        .map(each -> placements.getOrDefault(each.client(), ""))
                        .toList()));
        cast.pods()
                .forEach((pod, state) -> rows.add(row(
                        pod + "  " + text(state),
                        clients.stream().map(each -> each.bar(pod)).toList())));
        rows.add(row("errors, p50, p99", clients.stream().map(Second::summary).toList()));
        return rows;
    }

    /** The same for a log. */
    List<String> lines() {
        return seconds().stream()
                .map(each -> String.format(
                        Locale.ROOT,
                        "%-24s %s | %s",
                        placements.getOrDefault(each.client(), ""),
                        cast.pods().entrySet().stream()
                                .map(pod -> pod.getKey() + " " + each.percent(pod.getKey())
                                        + (pod.getValue() == PodState.READY ? "" : " (" + text(pod.getValue()) + ")"))
                                .collect(Collectors.joining("  ")),
                        each.summary()))
                .toList();
    }

    private List<Second> seconds() {
        long to = Time.nowMicros() - LAG;
        return placements.keySet().stream()
                .map(client -> new Second(
                        client,
                        observations.calls(call -> call.client().equals(client)
                                && call.endMicros() >= to - Time.SECOND
                                && call.endMicros() < to)))
                .toList();
    }

    private static String text(PodState state) {
        return state.name().toLowerCase(Locale.ROOT);
    }

    private static String row(String head, List<String> cells) {
        var row = new StringBuilder(String.format(Locale.ROOT, "%-20s", head));
        cells.forEach(cell -> row.append(String.format(Locale.ROOT, "%-" + CELL + "s", cell)));
        return row.toString().stripTrailing();
    }

    /** One client's calls of the last second. */
    private record Second(String client, List<Call> calls) {
        private long count(String pod) {
            return calls.stream()
                    .filter(call -> call.ok() && call.pod().equals(pod))
                    .count();
        }

        private double share(String pod) {
            return calls.isEmpty() ? 0 : (double) count(pod) / calls.size();
        }

        String percent(String pod) {
            return String.format(Locale.ROOT, "%2.0f%%", 100 * share(pod));
        }

        String bar(String pod) {
            int full = (int) Math.round(BAR * share(pod));
            return "█".repeat(full) + "░".repeat(BAR - full) + " " + percent(pod)
                    + String.format(Locale.ROOT, " %4d/s", count(pod));
        }

        String summary() {
            long[] micros = calls.stream()
                    .mapToLong(call -> call.endMicros() - call.startMicros())
                    .sorted()
                    .toArray();
            if (micros.length == 0) {
                return "no calls";
            }
            return String.format(
                    Locale.ROOT,
                    "%d errors, %.1f, %.1f ms",
                    calls.stream().filter(call -> !call.ok()).count(),
                    micros[micros.length / 2] / 1e3,
                    micros[Math.min(micros.length - 1, micros.length * 99 / 100)] / 1e3);
        }
    }
}
