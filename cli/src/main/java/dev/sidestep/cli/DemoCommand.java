package dev.sidestep.cli;

import dev.sidestep.cli.check.Finding;
import dev.sidestep.cli.check.Postflight;
import dev.sidestep.cli.cluster.ApiErrors;
import dev.sidestep.cli.cluster.ClusterOptions;
import dev.sidestep.cli.images.Images;
import dev.sidestep.control.settings.Settings;
import dev.sidestep.demo.Demo;
import dev.sidestep.demo.DemoException;
import dev.sidestep.demo.DemoImage;
import dev.sidestep.demo.DemoOptions;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code sidestep demo}. */
@Command(
        name = "demo",
        description = {
            "Run the whole system on this machine for a minute: a control plane, backends, a frontend behind the"
                    + " sidecar and one with the agent; and see what is promised and what is kept.",
            "",
            "With --kubernetes: the same in a cluster where Sidestep is installed, beside kube-proxy's own balancing,"
                    + " in a namespace sidestep-demo-XXXX that it makes and removes again. Nothing else is changed. It"
                    + " takes the right to create, patch and delete namespaces and, in that one, what \"edit\" grants. The pods run one"
                    + " image, which \"sidestep images --only demo\" builds; they look for it where Sidestep's own images"
                    + " come from.",
            ""
        },
        exitCodeListHeading = "Exit code:%n",
        exitCodeList = {
            "0:played to its end",
            "1:it could not be, or with --verify a promise was not kept",
            "2:wrong flags"
        })
final class DemoCommand implements Callable<Integer> {
    private final Path home;

    @Spec
    private CommandSpec spec;

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

    @Option(names = "--kubernetes", description = "In a cluster, beside the Sidestep that is installed there.")
    private boolean kubernetes;

    @Mixin
    private final ClusterOptions cluster = new ClusterOptions();

    @Option(
            names = "--image",
            paramLabel = "IMAGE",
            description = "What the pods run (REGISTRY/demo:VERSION, as the installed Sidestep's images).")
    private @Nullable String image;

    DemoCommand(Path home) {
        this.home = home;
    }

    @Override
    public Integer call() throws Exception {
        if (!kubernetes && (cluster.named() || image != null)) {
            throw new ParameterException(
                    spec.commandLine(), "--context, --kubeconfig and --image are for a cluster; say --kubernetes, too");
        }
        if (kubernetes && nio) {
            throw new ParameterException(spec.commandLine(), "--nio is for the demo on this machine, not --kubernetes");
        }
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
        int code =
                kubernetes ? inCluster(options, out) : Demo.here(options, out).run();
        out.flush();
        return code;
    }

    private int inCluster(DemoOptions options, PrintStream out)
            throws DemoException, IOException, InterruptedException {
        try (var client = cluster.connect()) {
            try {
                Optional<Finding> trouble = Postflight.rollout(client).failure();
                if (trouble.isPresent()) {
                    throw new IOException(trouble.get().oneLine());
                }
                return Demo.inCluster(options, client, image(client), out).run();
            } catch (KubernetesClientException e) {
                throw ApiErrors.explain("the demo cannot go on", client, e);
            }
        }
    }

    private DemoImage image(KubernetesClient client) throws IOException {
        if (image != null) {
            return new DemoImage(image, "IfNotPresent");
        }
        try {
            Settings.Image ours = Postflight.image(client);
            return new DemoImage(ours.reference(Images.DEMO), ours.pullPolicy());
        } catch (KubernetesClientException e) {
            throw ApiErrors.explain("where images come from cannot be read (say --image)", client, e);
        }
    }
}
