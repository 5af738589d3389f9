package dev.sidestep.cli;

import dev.sidestep.cli.cluster.AdminPort;
import dev.sidestep.cli.cluster.ClusterOptions;
import dev.sidestep.cli.cluster.OutputOption;
import dev.sidestep.cli.cluster.ScopeOptions;
import dev.sidestep.cli.report.Measurements;
import dev.sidestep.cli.report.ReportTable;
import dev.sidestep.control.load.Evaluation;
import dev.sidestep.control.load.LoadData;
import dev.sidestep.control.load.TrafficReport;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code sidestep report}. */
@Command(
        name = "report",
        description = "Show how the calls to each Service were spread over its pods, what kube-proxy's rule makes of"
                + " exactly these calls, and what balancing them makes of them.")
final class ReportCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private final ClusterOptions cluster = new ClusterOptions();

    @Mixin
    private final ScopeOptions scope = new ScopeOptions();

    @Mixin
    private final OutputOption output = new OutputOption();

    @Option(
            names = "--since",
            paramLabel = "DURATION",
            defaultValue = "10m",
            converter = Since.class,
            description = "How far back: 30s to 10m (${DEFAULT-VALUE}); times are exact to 30 s.")
    private Duration since;

    @Mixin
    private final AdminOption admin = new AdminOption();

    @Override
    public Integer call() throws IOException, InterruptedException {
        var measurements = new Measurements(scope.namespace(), since);
        List<LoadData> data;
        Optional<AdminPort> port = admin.port();
        if (port.isPresent()) {
            data = List.of(measurements.of(port.get()));
        } else {
            try (var client = cluster.connect()) {
                data = measurements.of(client);
            }
        }
        TrafficReport report = Evaluation.of(data);
        String about = scope.namespace().map(name -> "namespace " + name).orElse("all namespaces");
        output.print(spec.commandLine().getOut(), report, () -> ReportTable.lines(report, about));
        return 0;
    }

    /** {@code 30s}, {@code 10m}. */
    static final class Since implements ITypeConverter<Duration> {
        private static final Duration LEAST = Duration.ofSeconds(30);
        private static final Duration MOST = Duration.ofMinutes(10);

        @Override
        public Duration convert(String text) {
            if (text.matches("[0-9]{1,4}[sm]")) {
                long number = Long.parseLong(text.substring(0, text.length() - 1));
                Duration duration = text.endsWith("m") ? Duration.ofMinutes(number) : Duration.ofSeconds(number);
                if (duration.compareTo(LEAST) >= 0 && duration.compareTo(MOST) <= 0) {
                    return duration;
                }
            }
            throw new TypeConversionException("\"" + text + "\" (expected: 30s to 10m)");
        }
    }
}
