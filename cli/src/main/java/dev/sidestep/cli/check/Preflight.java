package dev.sidestep.cli.check;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Optional;

/** {@code sidestep check --pre}: can it be installed here? Only reads. */
public final class Preflight {
    private Preflight() {}

    /**
     * Looks at everything.
     *
     * @param namespace one that is to be injected; empty: none in particular
     */
    public static CheckReport run(KubernetesClient client, Optional<String> namespace) throws InterruptedException {
        return CheckReport.of(
                client,
                List.of(
                        new ServerVersion(client),
                        new Nodes(client),
                        new Rights(client),
                        new Admission(client),
                        new Network(client),
                        new PodSecurity(client, namespace),
                        new Quotas(client, namespace),
                        new OtherMeshes(client),
                        new Installed(client)));
    }
}
