package dev.sidestep.cli.status;

import dev.sidestep.cli.cluster.AdminPort;
import dev.sidestep.cli.cluster.ApiErrors;
import dev.sidestep.cli.cluster.Replicas;
import dev.sidestep.cli.status.MeshStatus.ClientPod;
import dev.sidestep.cli.status.MeshStatus.Replica;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/** Collects a {@link MeshStatus} from the API server and from each replica. Used by one thread. */
public final class MeshReader {
    private final KubernetesClient client;
    private final List<Replica> replicas = new ArrayList<>();
    private final Set<ClientPod> clients = new LinkedHashSet<>();

    /** Uses {@code client}, and leaves it open. */
    public MeshReader(KubernetesClient client) {
        this.client = client;
    }

    /** What there is in {@code namespace}, or in all; a control plane that cannot be asked is part of the answer. */
    public MeshStatus read(Optional<String> namespace) throws IOException, InterruptedException {
        String trouble = "";
        try (var running = Replicas.open(client)) {
            for (Replicas.Replica replica : running.all()) {
                replicas.add(ask(replica));
            }
        } catch (IOException e) {
            trouble = String.valueOf(e.getMessage());
        }
        return answer(namespace, trouble);
    }

    /** The same, with the one control plane behind {@code admin} in place of the cluster's. */
    public MeshStatus read(Optional<String> namespace, AdminPort admin) throws IOException, InterruptedException {
        replicas.add(ask(new Replicas.Replica(admin.name(), "-", true, admin)));
        return answer(namespace, "");
    }

    private MeshStatus answer(Optional<String> namespace, String trouble) throws IOException {
        List<ClientPod> asked = clients.stream()
                .filter(each -> namespace.isEmpty() || namespace.get().equals(each.namespace()))
                .toList();
        return MeshStatus.of(replicas, trouble, pods(namespace), asked);
    }

    private Replica ask(Replicas.Replica replica) throws IOException, InterruptedException {
        JsonNode status;
        try {
            status = replica.admin().get("/status");
        } catch (IOException e) {
            return new Replica(replica.pod(), replica.node(), "?", false, 0, List.of(String.valueOf(e.getMessage())));
        }
        status.path("clients")
                .valueStream()
                .map(each -> new ClientPod(
                        each.path("namespace").asString(""), each.path("pod").asString("")))
                .forEach(clients::add);
        return new Replica(
                replica.pod(),
                replica.node(),
                status.path("version").asString("?"),
                replica.ready(),
                status.path("clients").size(),
                status.path("problems").valueStream().map(JsonNode::asString).toList());
    }

    private List<PodFacts> pods(Optional<String> namespace) throws IOException {
        try {
            Map<String, Namespace> namespaces = namespace
                    .map(name -> Optional.ofNullable(
                                    client.namespaces().withName(name).get())
                            .map(List::of)
                            .orElse(List.of()))
                    .orElseGet(() -> client.namespaces().list().getItems())
                    .stream()
                    .collect(Collectors.toMap(each -> each.getMetadata().getName(), Function.identity()));
            if (namespace.isPresent() && namespaces.isEmpty()) {
                throw new IOException("namespace " + namespace.get() + ": there is none in " + client.getMasterUrl()
                        + "; see kubectl get namespaces");
            }
            List<Pod> pods = namespace.isPresent()
                    ? client.pods().inNamespace(namespace.get()).list().getItems()
                    : client.pods().inAnyNamespace().list().getItems();
            List<PodFacts> facts = new ArrayList<>();
            for (Pod pod : pods) {
                Namespace its = namespaces.get(pod.getMetadata().getNamespace());
                if (its != null && isAlive(pod)) {
                    facts.add(PodFacts.of(pod, its));
                }
            }
            return facts;
        } catch (KubernetesClientException e) {
            throw ApiErrors.explain("the pods cannot be listed", client, e);
        }
    }

    /** Pods of finished Jobs call nobody any more. */
    private static boolean isAlive(Pod pod) {
        String phase = pod.getStatus().getPhase();
        return pod.getMetadata().getDeletionTimestamp() == null
                && !"Succeeded".equals(phase)
                && !"Failed".equals(phase);
    }
}
