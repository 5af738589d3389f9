package dev.sidestep.cli;

import dev.sidestep.control.ControlPlane;
import dev.sidestep.control.ControlPlaneConfig;
import dev.sidestep.control.ControlPlaneConfig.Replica;
import dev.sidestep.control.https.HttpsListener;
import dev.sidestep.control.settings.Settings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code sidestep control-plane}. */
@Command(
        name = "control-plane",
        description = "Serve Services and their endpoints to sidecars, agents, Envoy and gRPC clients.")
final class ControlPlaneCommand implements Callable<Integer> {
    /** It writes a stack trace for each connection that breaks; who breaks many on purpose would fill the disk. */
    private static final Logger TRANSPORT = Logger.getLogger("io.grpc.netty.shaded.io.grpc.netty");

    @Spec
    private CommandSpec spec;

    @ArgGroup
    private @Nullable SourceOption source;

    @Option(
            names = "--xds",
            paramLabel = "HOST:PORT",
            converter = ListenAddress.class,
            defaultValue = "127.0.0.1:" + ControlPlaneConfig.XDS_PORT,
            description = "Where xDS is served without TLS (${DEFAULT-VALUE}).")
    private InetSocketAddress xds;

    @Option(
            names = "--xds-tls",
            paramLabel = "HOST:PORT",
            converter = ListenAddress.class,
            description = "With --kubernetes: where xDS is served with TLS, to pods with a token (nowhere; inside a pod"
                    + " [::]:" + ControlPlaneConfig.XDS_TLS_PORT + ").")
    private @Nullable InetSocketAddress xdsTls;

    @Option(
            names = "--admin",
            paramLabel = "HOST:PORT",
            converter = ListenAddress.class,
            defaultValue = "127.0.0.1:" + ControlPlaneConfig.ADMIN_PORT,
            description = "Where /status, /why, /metrics and health are (${DEFAULT-VALUE}).")
    private InetSocketAddress admin;

    @Option(names = "--allow-plaintext", description = "Serve xDS without TLS beyond the loopback interface too.")
    private boolean allowPlaintext;

    @Option(
            names = "--injector",
            paramLabel = "HOST:PORT",
            converter = ListenAddress.class,
            description = "Where the API server has pods injected, over TLS, by convention port "
                    + ControlPlaneConfig.INJECTOR_PORT + " (nowhere).")
    private @Nullable InetSocketAddress injector;

    @Option(
            names = "--webhook",
            paramLabel = "NAME",
            defaultValue = "sidestep",
            description = "With --injector: the MutatingWebhookConfiguration that leads here, whose caBundle is kept"
                    + " (${DEFAULT-VALUE}).")
    private String webhook;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "What holds for the whole mesh, as YAML; docs/configuration.md has the keys.")
    private @Nullable Path configFile;

    @Option(
            names = "--namespaces",
            paramLabel = "NS",
            split = ",",
            description = "With --kubernetes: serve only these (all).")
    private Set<String> namespaces = Set.of();

    @Option(names = "--context", paramLabel = "NAME", description = "With --kubernetes: the kubeconfig's context.")
    private @Nullable String context;

    /** One of the two. */
    static final class SourceOption {
        @Option(names = "--kubernetes", description = "Read from the Kubernetes API; the default inside a pod.")
        @SuppressWarnings("unused") // That it was said is enough.
        private boolean kubernetes;

        @Option(names = "--directory", paramLabel = "DIR", description = "Read a folder of manifests, and watch it.")
        private @Nullable Path directory;
    }

    @Override
    public Integer call() throws Exception {
        HttpsListener.prepare(System.getProperties());
        TRANSPORT.setLevel(Level.SEVERE);
        ControlPlane running = ControlPlane.start(config());
        Processes.runUntilTerminated(running::close);
        return 0;
    }

    private ControlPlaneConfig config() throws IOException {
        Settings settings = configFile == null ? Settings.DEFAULT : Settings.read(configFile);
        ControlPlaneConfig.Source from = source();
        return new ControlPlaneConfig(
                from, xds, xdsTls(from), admin, allowPlaintext, Optional.ofNullable(injector), replica(), settings);
    }

    private Optional<InetSocketAddress> xdsTls(ControlPlaneConfig.Source from) {
        boolean inPod = System.getenv("POD_NAMESPACE") != null && System.getenv("KUBERNETES_SERVICE_HOST") != null;
        return xdsTls == null && inPod && from instanceof ControlPlaneConfig.Kubernetes
                ? Optional.of(new InetSocketAddress(ControlPlaneConfig.XDS_TLS_PORT))
                : Optional.ofNullable(xdsTls);
    }

    /** By the variables that the chart sets with the downward API. */
    private Replica replica() throws IOException {
        String address = System.getenv("POD_IP");
        return new Replica(
                Objects.requireNonNullElse(System.getenv("POD_NAME"), Replica.UNKNOWN.pod()),
                Objects.requireNonNullElse(System.getenv("POD_NAMESPACE"), Replica.UNKNOWN.namespace()),
                address == null ? Optional.empty() : Optional.of(InetAddress.getByName(address)),
                webhook,
                Path.of(Objects.requireNonNullElse(
                        System.getenv("SIDESTEP_TOKEN_FILE"),
                        Replica.UNKNOWN.token().toString())));
    }

    private ControlPlaneConfig.Source source() {
        if (source != null && source.directory != null) {
            return new ControlPlaneConfig.Directory(source.directory);
        }
        if (source == null && System.getenv("KUBERNETES_SERVICE_HOST") == null) {
            throw new ParameterException(spec.commandLine(), "outside a pod, say --directory DIR or --kubernetes");
        }
        return new ControlPlaneConfig.Kubernetes(Optional.empty(), Optional.ofNullable(context), namespaces);
    }
}
