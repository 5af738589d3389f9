package dev.sidestep.cli;

import dev.sidestep.control.injector.ClusterFacts;
import dev.sidestep.control.injector.Decision;
import dev.sidestep.control.injector.Injector;
import dev.sidestep.control.injector.KubernetesVersion;
import dev.sidestep.control.injector.Manifests;
import dev.sidestep.control.manifest.ManifestException;
import dev.sidestep.control.settings.Settings;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code sidestep inject}: what the webhook would do, without a cluster. */
@Command(
        name = "inject",
        description = {
            "Print manifests with what they ask for put in, as the webhook would: pods and whatever has a pod template,"
                    + " in any number of documents and lists. All else is printed as it is.",
            "What a cluster alone can know is taken for granted: a new enough version, no quota. What became of each"
                    + " object is said on the error output."
        })
final class InjectCommand implements Callable<Integer> {
    private final InputStream stdin;

    @Spec
    private CommandSpec spec;

    @Option(
            names = {"-f", "--filename"},
            required = true,
            paramLabel = "FILE",
            description = "The manifests; - is the standard input. May be given several times.")
    private List<String> files = List.of();

    @Option(
            names = {"-n", "--namespace"},
            paramLabel = "NS",
            defaultValue = "default",
            description = "Of objects that do not say theirs (${DEFAULT-VALUE}).")
    private String namespace;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "The control plane's configuration, whose values hold unless a flag says otherwise.")
    private @Nullable Path configFile;

    @Option(names = "--registry", paramLabel = "PREFIX", description = "Where pods pull our images.")
    private @Nullable String registry;

    @Option(names = "--tag", paramLabel = "TAG", description = "Of our images.")
    private @Nullable String tag;

    @Option(
            names = "--service-ranges",
            paramLabel = "CIDR",
            split = ",",
            description = "The blocks that Service addresses come from, which a cluster would be asked for.")
    private List<String> serviceRanges = List.of();

    @Option(
            names = "--kubernetes-version",
            paramLabel = "1.MINOR",
            description = "Of the cluster that is meant (newest).")
    private @Nullable String kubernetesVersion;

    @Option(
            names = "--ca-file",
            paramLabel = "FILE",
            description =
                    "The control plane's CA certificates, PEM; without them the webhook adds them when pods are made.")
    private @Nullable Path caFile;

    InjectCommand(InputStream stdin) {
        this.stdin = stdin;
    }

    @Override
    public Integer call() throws IOException {
        Settings settings = settings();
        // Many pods come from one template: none of them can be named here.
        var manifests = new Manifests(new Injector(settings, () -> ""), namespace, cluster(settings));
        var injected = new ArrayList<String>();
        for (String file : files) {
            try {
                injected.add(manifests.inject(read(file)));
            } catch (ManifestException e) {
                throw new IOException("-f " + file + ": " + e.getMessage(), e);
            }
        }
        var out = spec.commandLine().getOut();
        out.print(String.join("---\n", injected));
        out.flush();
        manifests.outcomes().forEach(outcome -> spec.commandLine().getErr().println(line(outcome)));
        return 0;
    }

    private static String line(Manifests.Outcome outcome) {
        Decision decision = outcome.decision();
        String what = switch (decision.result()) {
            case INJECTED -> "injected: " + decision.mode();
            case DECLINED -> "not injected";
            case LEFT_ALONE -> "left alone: neither it nor its namespace asks for it";
        };
        return outcome.object() + ": " + what + (decision.reason().isEmpty() ? "" : "; " + decision.reason());
    }

    private Settings settings() throws IOException {
        Settings read = configFile == null ? Settings.DEFAULT : Settings.read(configFile);
        var image = new Settings.Image(
                registry == null ? read.image().registry() : registry,
                tag == null ? read.image().tag() : tag,
                read.image().pullPolicy());
        return read.withImage(image);
    }

    private ClusterFacts cluster(Settings settings) throws IOException {
        Optional<KubernetesVersion> version = Optional.ofNullable(kubernetesVersion)
                .map(text -> KubernetesVersion.parse(text)
                        .orElseThrow(() -> new ParameterException(
                                spec.commandLine(),
                                "--kubernetes-version: \"" + text + "\" (expected: such as 1.29)")));
        return new ClusterFacts(
                version,
                serviceRanges.isEmpty() ? settings.serviceRanges() : serviceRanges,
                caFile == null ? "" : readFile("--ca-file", caFile),
                Optional.empty());
    }

    private String read(String file) throws IOException {
        return file.equals("-")
                ? new String(stdin.readAllBytes(), StandardCharsets.UTF_8)
                : readFile("-f", Path.of(file));
    }

    private static String readFile(String flag, Path path) throws IOException {
        try {
            return Files.readString(path);
        } catch (NoSuchFileException e) {
            throw new IOException(
                    flag + " " + path + ": no such file; name another one, or - for the standard input", e);
        } catch (IOException e) {
            throw new IOException(flag + " " + path + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }
}
