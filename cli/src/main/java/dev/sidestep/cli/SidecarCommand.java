package dev.sidestep.cli;

import dev.sidestep.sidecar.SidecarConfig;
import dev.sidestep.sidecar.SidecarProcess;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code sidestep sidecar}: flags over the environment that it shares with the agent. */
@Command(
        name = "sidecar",
        description =
                "Balance the calls of any program that uses it as its HTTP proxy. What no flag says, the variables"
                        + " SIDESTEP_... do, as for the agent.")
final class SidecarCommand implements Callable<Integer> {
    private final Map<String, String> environment;

    @Option(names = "--control-plane", paramLabel = "HOST:PORT", description = "Whom to ask (SIDESTEP_CONTROL_PLANE).")
    private @Nullable String controlPlane;

    @Option(names = "--namespace", paramLabel = "NS", description = "Where short names are looked up (default).")
    private @Nullable String namespace;

    @Option(
            names = "--proxy",
            paramLabel = "HOST:PORT",
            converter = ListenAddress.class,
            description = "Where programs reach it (127.0.0.1:16001).")
    private @Nullable InetSocketAddress proxy;

    @Option(
            names = "--admin",
            paramLabel = "HOST:PORT",
            converter = ListenAddress.class,
            description = "Where /clusters, /config_dump and /why are (127.0.0.1:16000).")
    private @Nullable InetSocketAddress admin;

    @Option(
            names = "--metrics",
            paramLabel = "HOST:PORT",
            converter = ListenAddress.class,
            description = "Where /metrics and health are (0.0.0.0:16020).")
    private @Nullable InetSocketAddress metrics;

    SidecarCommand(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() throws Exception {
        SidecarProcess.setLogLevel(environment);
        SidecarProcess.run(config());
        return 0;
    }

    private SidecarConfig config() {
        SidecarConfig config = SidecarConfig.fromEnvironment(environment);
        if (controlPlane != null) {
            config = config.withControlPlane(controlPlane);
        }
        if (namespace != null) {
            config = config.withNamespace(namespace);
        }
        return config.withListeners(
                proxy == null ? config.proxy() : proxy,
                admin == null ? config.admin() : admin,
                metrics == null ? config.metrics() : metrics);
    }
}
