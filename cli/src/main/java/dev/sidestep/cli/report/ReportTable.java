package dev.sidestep.cli.report;

import dev.sidestep.cli.cluster.Table;
import dev.sidestep.control.load.TrafficReport;
import dev.sidestep.control.load.TrafficReport.Range;
import dev.sidestep.control.load.TrafficReport.Service;
import dev.sidestep.control.load.TrafficReport.Spread;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A {@link TrafficReport} for people. */
public final class ReportTable {
    private static final List<String> HEAD = List.of(
            "SERVICE",
            "MODE",
            "CLIENTS",
            "CALLS",
            "FAILED",
            "CONNECTIONS",
            "CALLS EACH",
            "PODS",
            "BUSIEST POD, IDLE PODS: MEASURED",
            "KUBE-PROXY",
            "SIDESTEP");

    private ReportTable() {}

    /**
     * Its lines.
     *
     * @param about which namespace, for the first line
     */
    public static List<String> lines(TrafficReport report, String about) {
        var lines = new ArrayList<String>();
        if (report.services().isEmpty()) {
            lines.add("nothing was reported of " + about
                    + " yet: pods with a sidecar or an agent report every 10 s, in mode observe or balance");
            return lines;
        }
        double seconds =
                report.services().stream().mapToDouble(Service::seconds).max().orElse(0);
        lines.add(about + ", the last " + text(seconds) + ", as told to " + report.replicas()
                + (report.replicas() == 1 ? " replica" : " replicas") + " of the control plane");
        lines.add("");
        lines.addAll(
                Table.of(HEAD, report.services().stream().map(ReportTable::row).toList()));
        lines.add("");
        for (Service service : report.services()) {
            service.notes().forEach(note -> lines.add(service.name() + ": " + note));
        }
        lines.add("measured: calls, failures, connections, calls over each of these, pods that may be called now; and,"
                + " where the pod of calls is known, the");
        lines.add("calls of the busiest pod, in means over all pods, with the pods that got none.");
        int repetitions = report.services().stream()
                .flatMap(service -> service.computed().stream())
                .mapToInt(TrafficReport.Computed::repetitions)
                .min()
                .orElse(0);
        if (repetitions > 0) {
            lines.add("computed from these calls over these connections: KUBE-PROXY gives each connection to a random"
                    + " pod, SIDESTEP gives the calls of each");
            lines.add("client to the pods in turn; the middle of " + repetitions
                    + " repetitions, and in brackets where 90 of 100 of them lie.");
        }
        return lines;
    }

    private static List<String> row(Service service) {
        return List.of(
                service.name(),
                String.join(",", service.modes()),
                number(service.clients()),
                number(service.calls()),
                number(service.failed()),
                service.connections().map(it -> number(it.count())).orElse("-"),
                service.connections()
                        .map(it -> decimal(it.callsEach()) + " (most " + number(it.busiest()) + ")")
                        .orElse("-"),
                number(service.pods()),
                service.measured()
                        .map(it -> decimal(it.busiest()) + "x, " + it.idlePods() + " idle")
                        .orElse("-"),
                service.computed().map(it -> spread(it.kubeProxy())).orElse("-"),
                service.computed().map(it -> spread(it.sidestep())).orElse("-"));
    }

    private static String spread(Spread spread) {
        return range(spread.busiest(), "x") + ", " + range(spread.idlePods(), "") + " idle";
    }

    private static String range(Range range, String unit) {
        String middle = decimal(range.median());
        String low = decimal(range.low());
        String high = decimal(range.high());
        return middle + unit + (low.equals(high) ? "" : " (" + low + "-" + high + ")");
    }

    private static String number(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /** Two places, but none that say nothing. */
    private static String decimal(double number) {
        String text = String.format(Locale.ROOT, "%,.2f", number);
        int end = text.length();
        while (text.charAt(end - 1) == '0') {
            end--;
        }
        return text.substring(0, text.charAt(end - 1) == '.' ? end - 1 : end);
    }

    private static String text(double seconds) {
        Duration duration = Duration.ofSeconds(Math.round(seconds));
        return duration.toMinutes() == 0
                ? duration.toSeconds() + " s"
                : duration.toMinutes() + " min " + duration.toSecondsPart() + " s";
    }
}
