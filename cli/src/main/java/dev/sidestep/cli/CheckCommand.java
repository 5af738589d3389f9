package dev.sidestep.cli;

import dev.sidestep.cli.check.CheckReport;
import dev.sidestep.cli.check.Postflight;
import dev.sidestep.cli.check.Preflight;
import dev.sidestep.cli.cluster.ClusterOptions;
import dev.sidestep.cli.cluster.OutputOption;
import dev.sidestep.cli.cluster.ScopeOptions;
import java.io.IOException;
import java.time.InstantSource;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code sidestep check}. */
@Command(
        name = "check",
        description = "Check that Sidestep works in a cluster, or with --pre that it can be installed.",
        exitCodeListHeading = "Exit code:%n",
        exitCodeList = {"0:nothing failed", "1:something failed, or could not be looked at", "2:wrong flags"})
final class CheckCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private final ClusterOptions cluster = new ClusterOptions();

    @Mixin
    private final ScopeOptions scope = new ScopeOptions();

    @Mixin
    private final OutputOption output = new OutputOption();

    @Option(names = "--pre", description = "Before an installation: can it be installed here? Only reads.")
    private boolean pre;

    @Option(
            names = "--only-read",
            description = "Make nothing, not even for a moment: whether images can be pulled is not tried.")
    private boolean onlyRead;

    @Override
    public Integer call() throws IOException, InterruptedException {
        try (var client = cluster.connect()) {
            CheckReport report = pre
                    ? Preflight.run(client, scope.namespace())
                    : new Postflight(
                                    client,
                                    scope.namespace(),
                                    VersionCommand.version(),
                                    onlyRead,
                                    InstantSource.system())
                            .run();
            output.print(spec.commandLine().getOut(), report, report::lines);
            return report.passed() ? 0 : 1;
        }
    }
}
