package dev.sidestep.cli.check;

import dev.sidestep.cli.cluster.Names;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Optional;

/** Whether Sidestep is there already. */
final class Installed implements Check {
    private static final String VERSION = "app.kubernetes.io/version";

    private final KubernetesClient client;

    Installed(KubernetesClient client) {
        this.client = client;
    }

    @Override
    public String subject() {
        return "Sidestep";
    }

    @Override
    public List<Finding> look() {
        Deployment found = client.apps()
                .deployments()
                .inNamespace(Names.SYSTEM_NAMESPACE)
                .withName(Names.CONTROL_PLANE)
                .get();
        return List.of(judge(Optional.ofNullable(found)
                .map(each -> String.valueOf(each.getMetadata().getLabels().get(VERSION)))));
    }

    static Finding judge(Optional<String> version) {
        String subject = "Sidestep";
        return version.map(there -> Finding.note(
                        subject,
                        "version " + there + " is installed in " + Names.SYSTEM_NAMESPACE,
                        "helm upgrade sidestep k8s/chart, and see \"sidestep check\""))
                .orElseGet(() -> Finding.ok(subject, "not installed yet"));
    }
}
