package dev.sidestep.cli.check;

import dev.sidestep.cli.cluster.Names;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Objects;

/** Whether the control plane serves without TLS too. */
final class Plaintext implements Check {
    private final KubernetesClient client;

    Plaintext(KubernetesClient client) {
        this.client = client;
    }

    @Override
    public String subject() {
        return "plaintext";
    }

    @Override
    public List<Finding> look() {
        Deployment deployment = client.apps()
                .deployments()
                .inNamespace(Names.SYSTEM_NAMESPACE)
                .withName(Names.CONTROL_PLANE)
                .get();
        return List.of(judge(deployment));
    }

    static Finding judge(Deployment deployment) {
        String subject = "plaintext";
        boolean allowed = deployment.getSpec().getTemplate().getSpec().getContainers().stream()
                .map(Container::getArgs)
                .filter(Objects::nonNull)
                .anyMatch(args -> args.contains("--allow-plaintext"));
        return allowed
                ? Finding.note(
                        subject,
                        "xDS is served on 16010 without TLS and without asking who asks",
                        "helm upgrade sidestep k8s/chart --set xds.allowPlaintext=false, when no client needs it")
                : Finding.ok(subject, "clients are served by TLS alone");
    }
}
