package dev.sidestep.cli.check;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** Whether there are nodes that can run our images, and native sidecars. */
final class Nodes implements Check {
    private final KubernetesClient client;

    Nodes(KubernetesClient client) {
        this.client = client;
    }

    /**
     * What matters of a node.
     *
     * @param platform {@code linux/amd64}
     */
    record Node(String name, String kubelet, String platform) {}

    @Override
    public String subject() {
        return "nodes";
    }

    @Override
    public List<Finding> look() {
        return judge(client.nodes().list().getItems().stream()
                .map(node -> {
                    var info = node.getStatus().getNodeInfo();
                    return new Node(
                            node.getMetadata().getName(),
                            info.getKubeletVersion(),
                            info.getOperatingSystem() + "/" + info.getArchitecture());
                })
                .toList());
    }

    static List<Finding> judge(List<Node> nodes) {
        String subject = "nodes";
        List<String> usable = names(nodes, node -> node.platform().equals("linux/amd64"));
        if (usable.isEmpty()) {
            return List.of(Finding.failed(
                    subject, "none of " + nodes.size() + " is linux/amd64", "add one: there are no other images"));
        }
        List<Finding> findings = new ArrayList<>();
        findings.add(Finding.ok(subject, usable.size() + " of " + nodes.size() + " are linux/amd64"));
        if (usable.size() < nodes.size()) {
            findings.add(Finding.note(
                    subject,
                    "our images do not run on " + some(names(nodes, node -> !usable.contains(node.name()))),
                    "inject only into pods that a nodeSelector keeps on kubernetes.io/arch: amd64"));
        }
        List<String> old = names(nodes, node -> !Versions.isNewEnough(node.kubelet()));
        if (!old.isEmpty()) {
            findings.add(Finding.failed(
                    subject,
                    "the kubelet is older than 1." + Versions.NATIVE_SIDECARS_MINOR + " on " + some(old)
                            + ": a native sidecar would hold up its pod there",
                    "upgrade these nodes, or inject the agent alone (injection.defaultMode: agent)"));
        }
        return findings;
    }

    private static List<String> names(List<Node> nodes, Predicate<Node> those) {
        return nodes.stream().filter(those).map(Node::name).toList();
    }

    /** The first few, and how many more. */
    static String some(List<String> names) {
        int shown = Math.min(3, names.size());
        String more = names.size() > shown ? " and " + (names.size() - shown) + " more" : "";
        return String.join(", ", names.subList(0, shown)) + more;
    }
}
