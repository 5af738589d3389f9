package dev.sidestep.e2e;

import dev.sidestep.e2e.Scenario.Need;
import dev.sidestep.e2e.Scenario.Title;
import dev.sidestep.e2e.scenario.Catalogue;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The command line of {@code k8s/e2e/run}. */
@Command(
        name = "k8s/e2e/run",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description =
                "Plays scenarios on a real cluster, with Sidestep and beside it without, and ends with a table of what was"
                        + " seen. Ends with 0 if every promise was kept and, with --all, every scenario was played.")
public final class Run implements Callable<Integer> {
    private static final List<String> IMAGES = List.of("tool", "java", "java11", "redis", "postgres");

    @Option(names = "--kubeconfig", paramLabel = "FILE", description = "The cluster.")
    private @Nullable Path kubeconfig;

    @Option(
            names = "--images",
            paramLabel = "loaded",
            description = "The nodes have all images already, under their plain names.")
    private @Nullable String images;

    @Option(
            names = "--image-registry",
            paramLabel = "R",
            description = "Pods pull all images from here, as R/NAME:TAG.")
    private @Nullable String registry;

    @Option(
            names = "--image-tag",
            paramLabel = "TAG",
            defaultValue = "local",
            description = "Of the test images (${DEFAULT-VALUE}).")
    private String tag = "";

    @Option(
            names = "--sidestep-tag",
            paramLabel = "TAG",
            defaultValue = "0.1.0-SNAPSHOT",
            description = "Of Sidestep's own images (${DEFAULT-VALUE}), if it is not installed already.")
    private String sidestepTag = "";

    @Option(
            names = "--node",
            paramLabel = "COMMAND",
            description =
                    "Runs a command on the node as root; it is given as one more argument: \"sh -c\" where this machine is"
                            + " the node, \"ssh root@NODE\". Without it, what needs the node is not run.")
    private @Nullable String node;

    @Option(names = "--all", description = "Every scenario.")
    private boolean all;

    @Option(names = "--ci", description = "Those that are quick enough for each build.")
    private boolean ci;

    @Option(names = "--only", paramLabel = "NAME", description = "This one; may be repeated.")
    private List<String> only = List.of();

    @Option(names = "--list", description = "List the scenarios and end.")
    private boolean list;

    @Option(names = "--without-sidestep", description = "Show what the same traffic sees with kube-proxy alone.")
    private boolean withoutSidestep;

    @Option(names = "--keep", description = "Leave namespaces, and Sidestep if it was installed, as they are.")
    private boolean keep;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Results, pictures, and of a failed scenario everything there is (k8s/e2e/target/run).")
    private @Nullable Path out;

    private final PrintStream console;
    private final Path root;
    private final CommandLine commandLine;

    private Run(PrintStream console, Path root) {
        this.console = console;
        this.root = root;
        this.commandLine = new CommandLine(this);
    }

    public static void main(String[] args) {
        var console = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        var run = new Run(console, Path.of(System.getProperty("sidestep.root", ".")));
        int code = run.commandLine
                .setExecutionExceptionHandler((thrown, line, parsed) -> {
                    if (!(thrown instanceof ClusterException)) {
                        throw thrown;
                    }
                    line.getErr().println(thrown.getMessage());
                    return 1;
                })
                .execute(args);
        System.exit(code);
    }

    @Override
    public Integer call() throws IOException {
        List<Scenario> scenarios = Catalogue.all();
        if (list) {
            scenarios.forEach(this::list);
            return 0;
        }
        List<Scenario> chosen = choose(scenarios);
        if (kubeconfig == null) {
            throw wrong("--kubeconfig is missing");
        }
        if ((images == null) == (registry == null) || (images != null && !images.equals("loaded"))) {
            throw wrong("say either --images loaded or --image-registry R");
        }
        Path folder = out == null ? root.resolve("k8s/e2e/target/run") : out.toAbsolutePath();
        if (Files.exists(folder) && !Files.isDirectory(folder)) {
            throw wrong("--out " + folder + " is a file; name a folder, which is made if it is not there");
        }
        try (Cluster cluster = Cluster.connect(kubeconfig)) {
            console.println("Kubernetes " + cluster.version());
            var installation = new Installation(cluster, root, registry == null ? "" : registry, sidestepTag);
            var program = new Program(
                    cluster,
                    new Manifests(root, imageNames()),
                    new Findings(console),
                    node(),
                    withoutSidestep ? Optional.empty() : Optional.of(installation),
                    folder,
                    keep,
                    kubeconfig.toAbsolutePath());
            return program.play(chosen, all) ? 0 : 1;
        }
    }

    private void list(Scenario scenario) {
        Title title = scenario.title();
        String needs = title.needs().contains(Need.NODE) ? " [needs --node]" : "";
        console.printf("%-20s %-4s %s%s%n", title.name(), title.ci() ? "(ci)" : "", title.about(), needs);
    }

    private List<Scenario> choose(List<Scenario> scenarios) {
        if (Stream.of(all, ci, !only.isEmpty()).filter(each -> each).count() != 1) {
            throw wrong("say one of --all, --ci and --only NAME");
        }
        Map<String, Scenario> byName =
                scenarios.stream().collect(Collectors.toMap(each -> each.title().name(), Function.identity()));
        for (String each : only) {
            if (!byName.containsKey(each)) {
                throw wrong("--only " + each + " (expected: one of those that --list shows)");
            }
        }
        return scenarios.stream()
                .filter(each -> all
                        || (ci && each.title().ci())
                        || only.contains(each.title().name()))
                .toList();
    }

    private Map<String, String> imageNames() {
        String prefix = registry == null ? "sidestep" : registry;
        return IMAGES.stream()
                .collect(Collectors.toMap(Function.identity(), name -> prefix + "/e2e-" + name + ":" + tag));
    }

    private Optional<Node> node() {
        return Optional.ofNullable(node)
                .filter(each -> !each.isBlank())
                .map(each -> new Node(Arrays.asList(each.trim().split(" +"))));
    }

    private ParameterException wrong(String message) {
        return new ParameterException(commandLine, message);
    }
}
