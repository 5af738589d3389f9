package dev.sidestep.cli.check;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Whether the API server will reach the injector. Only an installed one can be tried, which {@code sidestep check} does;
 * here is told what is known of the clouds whose API servers lie in another network than the pods.
 */
final class Admission implements Check {
    private final KubernetesClient client;

    Admission(KubernetesClient client) {
        this.client = client;
    }

    @Override
    public String subject() {
        return "webhook";
    }

    @Override
    public List<Finding> look() {
        Set<String> clouds = client.nodes().list().getItems().stream()
                .map(Admission::cloud)
                .flatMap(Optional::stream)
                .collect(Collectors.toSet());
        boolean vpcPods = client.apps()
                        .daemonSets()
                        .inNamespace("kube-system")
                        .withName("aws-node")
                        .get()
                != null;
        int others = client.admissionRegistration()
                .v1()
                .mutatingWebhookConfigurations()
                .list()
                .getItems()
                .size();
        return List.of(judge(clouds, vpcPods, others));
    }

    /** {@code gce} of {@code gce://project/zone/name}. */
    private static Optional<String> cloud(Node node) {
        String id = Objects.requireNonNullElse(node.getSpec().getProviderID(), "");
        int end = id.indexOf("://");
        return end < 0 ? Optional.empty() : Optional.of(id.substring(0, end));
    }

    static Finding judge(Set<String> clouds, boolean vpcPods, int others) {
        String subject = "webhook";
        if (clouds.contains("gce")) {
            return Finding.note(
                    subject,
                    "the API server of a private GKE cluster reaches pods on 443 and 10250 only",
                    "if yours is one, add a firewall rule for TCP 16017 from its control plane's range to the nodes");
        }
        if (clouds.contains("aws") && !vpcPods) {
            return Finding.note(
                    subject,
                    "pods do not have addresses of the VPC (no DaemonSet aws-node), and EKS's API server reaches no others",
                    "where the API server is EKS's, give the control plane's pods VPC addresses");
        }
        return Finding.ok(
                subject,
                "admission webhooks are served (" + others
                        + " there already); \"sidestep check\" tries ours once it runs");
    }
}
