package dev.sidestep.cli;

import dev.sidestep.demo.AgentJar;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code sidestep agent}. */
@Command(
        name = "agent",
        description = "Print the path of the Java agent, for java -javaagent:$(sidestep agent) -jar app.jar.")
final class AgentCommand implements Callable<Integer> {
    private final Path home;

    @Spec
    private CommandSpec spec;

    AgentCommand(Path home) {
        this.home = home;
    }

    @Override
    public Integer call() throws Exception {
        spec.commandLine().getOut().println(AgentJar.in(home));
        return 0;
    }
}
