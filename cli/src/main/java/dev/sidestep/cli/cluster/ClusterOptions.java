package dev.sidestep.cli.cluster;

import dev.sidestep.control.kube.Clients;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which cluster is meant; kubectl's own words. */
public final class ClusterOptions {
    @Option(names = "--context", paramLabel = "NAME", description = "The kubeconfig's context (the current one).")
    private @Nullable String context;

    @Option(
            names = "--kubeconfig",
            paramLabel = "FILE",
            description = "The kubeconfig ($KUBECONFIG, else ~/.kube/config).")
    private @Nullable Path kubeconfig;

    /** A client of that cluster; nothing is asked yet. The caller closes it. */
    public KubernetesClient connect() throws IOException {
        return Clients.connect(Optional.ofNullable(kubeconfig), Optional.ofNullable(context));
    }

    /** Whether the user named one. */
    public boolean named() {
        return context != null || kubeconfig != null;
    }
}
