package dev.sidestep.e2e;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What one scenario plays on: namespaces of its own, and everything to fill them. Confined to the main thread. */
public final class Stage {
    private static final int CLIENT_PORT = 8099;

    private final Cluster cluster;
    private final Manifests manifests;
    private final Findings findings;
    private final Optional<Node> node;
    private final boolean withSidestep;
    private final Path out;
    private final String prefix;
    private final Path kubeconfig;
    private final List<String> namespaces = new ArrayList<>();
    private final List<LoadClient> clients = new ArrayList<>();
    private final List<AutoCloseable> undo = new ArrayList<>();

    Stage(
            Cluster cluster,
            Manifests manifests,
            Findings findings,
            Optional<Node> node,
            boolean withSidestep,
            Path out,
            String prefix,
            Path kubeconfig) {
        this.cluster = cluster;
        this.manifests = manifests;
        this.findings = findings;
        this.node = node;
        this.withSidestep = withSidestep;
        this.out = out;
        this.prefix = prefix;
        this.kubeconfig = kubeconfig;
    }

    public Cluster cluster() {
        return cluster;
    }

    public Manifests manifests() {
        return manifests;
    }

    public Findings findings() {
        return findings;
    }

    /** There when the scenario's title says that it needs it. */
    public Node node() {
        return node.orElseThrow(() -> new ClusterException("needs --node"));
    }

    public Optional<Node> nodeIfAny() {
        return node;
    }

    /** Whether Sidestep is installed; without it a scenario shows what kube-proxy alone does. */
    public boolean withSidestep() {
        return withSidestep;
    }

    /** The cluster's, for programs that a scenario starts. */
    public Path kubeconfig() {
        return kubeconfig;
    }

    /** Where pictures and other results go. */
    public Path out() {
        return out;
    }

    /** A namespace that exists for this scenario; the first one has the scenario's name. */
    public String namespace(Map<String, String> labels) {
        String name = reserveNamespace();
        cluster.createNamespace(name, labels);
        return name;
    }

    /** The name of one that the scenario makes in its own way; it is not there, and goes at the end. */
    public String reserveNamespace() {
        String name = namespaces.isEmpty() ? prefix : prefix + "-" + (namespaces.size() + 1);
        namespaces.add(name);
        cluster.deleteNamespace(name);
        return name;
    }

    public String namespace() {
        return namespace(Map.of());
    }

    List<String> namespaces() {
        return List.copyOf(namespaces);
    }

    /** What has to be undone at the end whatever happens, such as a rule on the node; the last first. */
    public void atEnd(AutoCloseable action) {
        undo.add(action);
    }

    void close() {
        for (int i = undo.size() - 1; i >= 0; i--) {
            try {
                undo.get(i).close();
            } catch (Exception e) {
                findings.check("clean-up", "works", e.toString(), false);
            }
        }
        undo.clear();
    }

    public void apply(String namespace, String file, Map<String, String> values) throws IOException {
        cluster.apply(namespace, manifests.read(file, values));
    }

    public EndpointWatch watch(String namespace, String service) {
        var watch = new EndpointWatch(cluster, namespace, service);
        atEnd(watch);
        return watch;
    }

    // --- Load clients ----------------------------------------------------------------------------------------------

    /** How a client pod calls. */
    public enum Placement {
        /** Any language, and kube-proxy alone. */
        PLAIN("plain", "client.yaml", "disabled"),
        /** Java, and kube-proxy alone. */
        PLAIN_JAVA("plain-java", "client-java.yaml", "disabled"),
        SIDECAR("sidecar", "client.yaml", "sidecar"),
        AGENT("agent", "client-java.yaml", "agent"),
        /** The agent, and a sidecar that takes all TCP and so sees what the agent has balanced. */
        BOTH("both", "client-java-both.yaml", "sidecar-and-agent");

        private final String text;
        private final String file;
        private final String inject;

        Placement(String text, String file, String inject) {
            this.text = text;
            this.file = file;
            this.inject = inject;
        }

        public String text() {
            return text;
        }

        public boolean isPlain() {
            return inject.equals("disabled");
        }
    }

    /** A pod that some other manifest made, as a client. */
    public LoadClient client(String namespace, String pod, String container, int port, Placement placement) {
        var client = new LoadClient(cluster, namespace, pod, container, port, placement.text());
        clients.add(client);
        return client;
    }

    /** A pod that asked for Sidestep and did not get it says nothing about Sidestep. */
    public void expectInjected(String namespace, String pod) {
        String injected = cluster.pod(namespace, pod)
                .map(each -> each.getMetadata().getLabels().getOrDefault("sidestep.dev/injected", ""))
                .orElse("");
        if (injected.isEmpty()) {
            throw new ClusterException(
                    "pod " + namespace + "/" + pod
                            + " asked to be injected and was not: the webhook did not answer, or declined (see its status annotation)");
        }
    }

    List<LoadClient> clients() {
        return List.copyOf(clients);
    }

    /** Client pods of these kinds, ready; those that need Sidestep are left out when it is not there. */
    public List<LoadClient> clients(String namespace, Placement... placements) throws IOException {
        List<LoadClient> made = new ArrayList<>();
        for (Placement each : placements) {
            if (each.isPlain() || withSidestep) {
                String name = "client-" + each.text();
                apply(namespace, each.file, Map.of("name", name, "inject", each.inject));
                made.add(client(namespace, name, "client", CLIENT_PORT, each));
            }
        }
        for (LoadClient each : made) {
            cluster.awaitReady(namespace, each.pod());
            if (!each.isPlain()) {
                expectInjected(namespace, each.pod());
            }
        }
        return made;
    }
}
