package dev.sidestep.cli;

import dev.sidestep.cli.cluster.AdminPort;
import dev.sidestep.cli.cluster.ClusterOptions;
import dev.sidestep.cli.cluster.OutputOption;
import dev.sidestep.cli.cluster.Replicas;
import dev.sidestep.cli.cluster.ScopeOptions;
import dev.sidestep.cli.report.ClientList;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code sidestep clients}. */
@Command(
        name = "clients",
        description =
                "Show who is connected to the control plane, with which version, and whether it has taken all that"
                        + " it was told.")
final class ClientsCommand implements Callable<Integer> {
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
        var list = new ClientList(scope.namespace());
        Optional<AdminPort> port = admin.port();
        if (port.isPresent()) {
            list.add(port.get().name(), port.get().get("/status"));
        } else {
            try (var client = cluster.connect();
                    var replicas = Replicas.open(client)) {
                for (Replicas.Replica replica : replicas.all()) {
                    list.add(replica.pod(), replica.admin().get("/status"));
                }
            }
        }
        output.print(spec.commandLine().getOut(), list.clients(), list::lines);
        return 0;
    }
}
