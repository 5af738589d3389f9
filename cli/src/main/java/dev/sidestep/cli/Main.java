package dev.sidestep.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** {@code sidestep}: every process and tool of the project. */
@Command(
        name = "sidestep",
        description = "A direct line to a healthy pod for every call between services on Kubernetes.",
        synopsisSubcommandLabel = "COMMAND")
public final class Main implements Runnable {
    @Spec
    private CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "Show this help and exit.")
    @SuppressWarnings("unused") // picocli acts on it.
    private boolean help;

    public static void main(String[] args) {
        Path home = Path.of(System.getProperty("sidestep.home", ".")).toAbsolutePath();
        // Whatever the locale: a terminal that cannot show a check mark is rarer than a locale that nobody has set.
        var out = new PrintWriter(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        var err = new PrintWriter(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
        System.exit(commandLine(home).setOut(out).setErr(err).execute(args));
    }

    static CommandLine commandLine(Path home) {
        return new CommandLine(new Main())
                .addSubcommand(new DemoCommand(home))
                .addSubcommand(new ControlPlaneCommand())
                .addSubcommand(new SidecarCommand(System.getenv()))
                .addSubcommand(new CheckCommand())
                .addSubcommand(new StatusCommand())
                .addSubcommand(new WhyCommand())
                .addSubcommand(new ClientsCommand())
                .addSubcommand(new ReportCommand())
                .addSubcommand(new InjectCommand(System.in))
                .addSubcommand(new AgentCommand(home))
                .addSubcommand(new ImagesCommand(home))
                .addSubcommand(new VersionCommand())
                .addSubcommand(new CompletionCommand())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler(Main::explain)
                .setExecutionExceptionHandler(Main::explain);
    }

    /** As its image has it: the control plane, without the tools and what they would bring along. */
    static CommandLine inContainer() {
        return new CommandLine(new Main())
                .addSubcommand(new ControlPlaneCommand())
                .addSubcommand(new VersionCommand())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler(Main::explain)
                .setExecutionExceptionHandler(Main::explain);
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }

    /** Wrong flags: one sentence, and where to read more. */
    private static int explain(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        String name = command.getCommandSpec().qualifiedName();
        command.getErr().println(name + ": " + e.getMessage() + "; see " + name + " --help");
        return CommandLine.ExitCode.USAGE;
    }

    /** The user's part of a failure is its message; a failure without one is ours, and shows where it came from. */
    private static int explain(Exception e, CommandLine command, ParseResult parsed) {
        String name = command.getCommandSpec().qualifiedName();
        if (e instanceof RuntimeException && !(e instanceof IllegalArgumentException)) {
            e.printStackTrace(command.getErr());
        } else {
            command.getErr().println(name + ": " + e.getMessage());
        }
        return CommandLine.ExitCode.SOFTWARE;
    }
}
