package dev.sidestep.cli;

import dev.sidestep.demo.Demo;
import dev.sidestep.demo.DemoOptions;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code sidestep demo}. */
@Command(
        name = "demo",
        description =
                "Run the whole system on this machine for a minute: a control plane, backends, a frontend behind the"
                        + " sidecar and one with the agent; and see what is promised and what is kept.")
final class DemoCommand implements Callable<Integer> {
    private final Path home;

    @Option(names = "--verify", description = "Exit with 1 if a promise is not kept.")
    private boolean verify;

    @Option(names = "--json", paramLabel = "FILE", description = "Write what was measured.")
    private @Nullable Path json;

    @Option(names = "--svg", paramLabel = "FILE", description = "Write the picture here (.sidestep/demo/).")
    private @Nullable Path svg;

    @Option(names = "--keep", description = "Leave everything up at the end, to play with, until Ctrl-C.")
    private boolean keep;

    @Option(names = "--nio", description = "Use the JDK's selectors in every process, as where there is no epoll.")
    private boolean nio;

    DemoCommand(Path home) {
        this.home = home;
    }

    @Override
    public Integer call() throws Exception {
        // Bars are drawn with characters that a JVM before 18 would write in the platform's own encoding.
        var out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        var options = new DemoOptions(
                home,
                VersionCommand.version(),
                verify,
                Optional.ofNullable(json).map(Path::toAbsolutePath),
                Optional.ofNullable(svg).map(Path::toAbsolutePath),
                keep,
                nio,
                Boolean.getBoolean("sidestep.terminal"));
        int code = new Demo(options, out).run();
        out.flush();
        return code;
    }
}
