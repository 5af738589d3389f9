package dev.sidestep.cli;

import dev.sidestep.cli.cluster.AdminPort;
import dev.sidestep.cli.cluster.ClusterOptions;
import dev.sidestep.cli.cluster.OutputOption;
import dev.sidestep.cli.cluster.ScopeOptions;
import dev.sidestep.cli.status.MeshReader;
import dev.sidestep.cli.status.MeshStatus;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
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

    @Option(
            names = "--admin",
            paramLabel = "HOST:PORT",
            converter = ListenAddress.class,
            description = "Ask the control plane there, in place of the cluster's replicas.")
    private @Nullable InetSocketAddress admin;

    @Override
    public Integer call() throws IOException, InterruptedException {
        try (var client = cluster.connect()) {
            var reader = new MeshReader(client);
            MeshStatus status = admin == null
                    ? reader.read(scope.namespace())
                    : reader.read(scope.namespace(), AdminPort.at(admin));
            output.print(spec.commandLine().getOut(), status, status::lines);
            return 0;
        }
    }
}
