package dev.sidestep.cli;

import dev.sidestep.cli.cluster.AdminPort;
import dev.sidestep.cli.cluster.ClusterOptions;
import dev.sidestep.cli.cluster.OutputOption;
import dev.sidestep.cli.cluster.ScopeOptions;
import dev.sidestep.cli.status.MeshReader;
import dev.sidestep.cli.status.MeshStatus;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code sidestep status}. */
@Command(
        name = "status",
        description =
                "Show the control plane's replicas and, per workload, which pods are injected, how, and connected.")
final class StatusCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private final ClusterOptions cluster = new ClusterOptions();

    @Mixin
    private final ScopeOptions scope = new ScopeOptions();

    @Mixin
    private final OutputOption output = new OutputOption();

    @Mixin
    private final AdminOption admin = new AdminOption();

    @Override
    public Integer call() throws IOException, InterruptedException {
        try (var client = cluster.connect()) {
            var reader = new MeshReader(client);
            Optional<AdminPort> port = admin.port();
            MeshStatus status =
                    port.isPresent() ? reader.read(scope.namespace(), port.get()) : reader.read(scope.namespace());
            output.print(spec.commandLine().getOut(), status, status::lines);
            return 0;
        }
    }
}
