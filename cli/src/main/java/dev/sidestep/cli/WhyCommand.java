package dev.sidestep.cli;

import dev.sidestep.cli.cluster.AdminPort;
import dev.sidestep.cli.cluster.ApiErrors;
import dev.sidestep.cli.cluster.ClusterOptions;
import dev.sidestep.cli.cluster.Forwards;
import dev.sidestep.cli.cluster.Names;
import dev.sidestep.cli.cluster.OutputOption;
import dev.sidestep.cli.cluster.Replicas;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/**
 * {@code sidestep why}: asks a pod's own sidecar where it has one, else the control plane, which answers for any caller;
 * with {@code --admin} whatever process listens there.
 */
@Command(name = "why", description = "Explain where calls to a host go, and why.")
final class WhyCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private final ClusterOptions cluster = new ClusterOptions();

    @Mixin
    private final OutputOption output = new OutputOption();

    @Parameters(
            paramLabel = "HOST[:PORT]",
            description = "As the caller writes it: backend-service, api.shop.svc:8080.")
    private String host;

    @Option(
            names = "--from",
            paramLabel = "POD",
            description = "The caller: its sidecar is asked, or the control plane about its node and zone.")
    private @Nullable String from;

    @Option(
            names = "--admin",
            paramLabel = "HOST:PORT",
            converter = ListenAddress.class,
            description = "Ask the admin port there, of a sidecar or of a control plane, in place of the cluster's.")
    private @Nullable InetSocketAddress admin;

    @Option(
            names = {"-n", "--namespace"},
            paramLabel = "NS",
            defaultValue = "default",
            description = "The caller's namespace (${DEFAULT-VALUE}).")
    private String namespace;

    @Override
    public Integer call() throws IOException, InterruptedException {
        JsonNode explanation;
        if (admin != null) {
            explanation = explain(AdminPort.at(admin), "");
        } else {
            try (var client = cluster.connect()) {
                explanation = from == null ? askReplica(client, "") : askFor(client, pod(client, from));
            }
        }
        output.print(spec.commandLine().getOut(), explanation, () -> new Explanation(explanation).lines());
        return 0;
    }

    private Pod pod(KubernetesClient client, String name) throws IOException {
        Pod pod;
        try {
            pod = client.pods().inNamespace(namespace).withName(name).get();
        } catch (KubernetesClientException e) {
            throw ApiErrors.explain("pod " + namespace + "/" + name + " cannot be read", client, e);
        }
        if (pod == null) {
            throw new IOException("--from " + name + ": there is no such pod in namespace " + namespace
                    + "; name its namespace with -n");
        }
        return pod;
    }

    private JsonNode askFor(KubernetesClient client, Pod pod) throws IOException, InterruptedException {
        var labels = Objects.requireNonNullElse(pod.getMetadata().getLabels(), Map.<String, String>of());
        if ("sidecar".equals(labels.get(Names.INJECTED))) {
            try (var forwards = new Forwards(client)) {
                return explain(forwards.adminOf(pod, Names.SIDECAR_ADMIN_PORT), "");
            } catch (IOException e) {
                spec.commandLine().getErr().println("its own sidecar cannot say: " + e.getMessage());
                spec.commandLine().getErr().println("this is what the control plane tells it:");
            }
        }
        String node = Objects.requireNonNullElse(pod.getSpec().getNodeName(), "");
        return askReplica(client, "&node=" + encode(node));
    }

    private JsonNode askReplica(KubernetesClient client, String caller) throws IOException, InterruptedException {
        try (var replicas = Replicas.open(client)) {
            return explain(replicas.all().get(0).admin(), caller);
        }
    }

    private JsonNode explain(AdminPort at, String caller) throws IOException, InterruptedException {
        JsonNode explanation = ask(at, host, caller);
        if (host.contains(":") || !explanation.path("cluster").isEmpty()) {
            return explanation;
        }
        // Without a port a name means port 80, as in a URL. If there is no such, and one other, that one is meant.
        List<String> ports = KnownPorts.of(host, at.get("/status"), at.get("/config_dump"));
        return ports.size() == 1 ? ask(at, host + ":" + ports.get(0), caller) : explanation;
    }

    private JsonNode ask(AdminPort at, String asked, String caller) throws IOException, InterruptedException {
        return at.get("/why?host=" + encode(asked) + "&namespace=" + encode(namespace) + caller);
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
