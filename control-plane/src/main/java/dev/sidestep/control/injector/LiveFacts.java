package dev.sidestep.control.injector;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.control.auth.ServerIdentity;
import dev.sidestep.control.index.Item.NamespaceItem;
import dev.sidestep.control.index.Item.NodeItem;
import dev.sidestep.control.index.WorkloadIndex;
import dev.sidestep.control.index.WorkloadListener;
import dev.sidestep.control.kube.Clients;
import dev.sidestep.control.settings.Settings;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the webhook needs to know, at hand when it is asked: namespaces and nodes from the index, as they change; what
 * nobody watches, once a minute. Asked by any thread; told by the index's owner.
 */
public final class LiveFacts implements Webhook.Facts, WorkloadListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LiveFacts.class);

    /** Of our Service, whose address kubelets ask. */
    private static final String OWN_SERVICE = "control-plane";

    private static final Duration REFRESH = Duration.ofMinutes(1);

    /** Until all is known that there is to know. */
    private static final Duration TRY_AGAIN = Duration.ofSeconds(5);

    private static final int THREADS = 8;

    private final SerialExecutor reader;
    private final KubernetesClient client;
    private final WorkloadIndex workloads;
    private final ServerIdentity identity;
    private final Settings settings;
    private final String ownNamespace;
    private final ExecutorService threads;
    private final Constraints constraints;
    private final Map<String, NamespaceItem> namespaces = new ConcurrentHashMap<>();
    private volatile Optional<KubernetesVersion> oldestNode = Optional.empty();
    private volatile Polled polled = new Polled(Optional.empty(), List.of(), Optional.empty());

    /** What is asked for once a minute. */
    private record Polled(
            Optional<KubernetesVersion> server, List<String> serviceRanges, Optional<String> drainAddress) {}

    /**
     * Asks nobody before {@link #start}.
     *
     * @param reader may block
     * @param ownNamespace where our Service is
     */
    public LiveFacts(
            SerialExecutor reader,
            KubernetesClient client,
            WorkloadIndex workloads,
            ServerIdentity identity,
            Settings settings,
            String ownNamespace) {
        this.reader = reader;
        this.client = client;
        this.workloads = workloads;
        this.identity = identity;
        this.settings = settings;
        this.ownNamespace = ownNamespace;
        threads = Executors.newFixedThreadPool(THREADS, task -> {
            var thread = new Thread(task, "injector-lookup");
            thread.setDaemon(true);
            return thread;
        });
        constraints = new Constraints(client, threads, reader::nanoTime);
    }

    /** Begins to ask. Any thread, once. */
    public void start() {
        reader.execute(this::refresh);
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }

    @Override
    public NamespaceFacts namespace(String name) throws IOException {
        Constraints.Known known = constraints.of(name);
        NamespaceItem item = namespaces.get(name);
        return item == null
                ? unheardOf(name, known)
                : new NamespaceFacts(name, item.labels(), item.annotations(), known.quotas(), known.limitRanges());
    }

    /** Made a moment ago, with its first pod; its watch is behind the API server that asks us. */
    private NamespaceFacts unheardOf(String name, Constraints.Known known) throws IOException {
        try {
            return client.namespaces().withField("metadata.name", name).list().getItems().stream()
                    .findFirst()
                    .map(found -> new NamespaceFacts(
                            name,
                            Objects.requireNonNullElse(found.getMetadata().getLabels(), Map.of()),
                            Objects.requireNonNullElse(found.getMetadata().getAnnotations(), Map.of()),
                            known.quotas(),
                            known.limitRanges()))
                    .orElseThrow(() -> new IOException("the API server knows no such namespace"));
        } catch (KubernetesClientException e) {
            throw new IOException("the namespace cannot be read (" + e.getMessage() + ")", e);
        }
    }

    @Override
    public ClusterFacts cluster() {
        Polled now = polled;
        Optional<KubernetesVersion> oldest =
                Stream.concat(now.server().stream(), oldestNode.stream()).min(KubernetesVersion::compareTo);
        return new ClusterFacts(oldest, now.serviceRanges(), identity.bundle(), now.drainAddress());
    }

    @Override
    public void onNamespace(Optional<NamespaceItem> before, Optional<NamespaceItem> after) {
        after.ifPresentOrElse(
                item -> namespaces.put(item.key().name(), item),
                () -> before.ifPresent(item -> namespaces.remove(item.key().name())));
    }

    @Override
    public void onNode(Optional<NodeItem> before, Optional<NodeItem> after) {
        if (before.map(NodeItem::kubelet).equals(after.map(NodeItem::kubelet))) {
            return;
        }
        oldestNode = workloads
                .nodes()
                .flatMap(node -> KubernetesVersion.parse(node.kubelet()).stream())
                .min(KubernetesVersion::compareTo);
    }

    private void refresh() {
        Polled before = polled;
        var now = new Polled(
                server().or(before::server),
                settings.serviceRanges().isEmpty() ? Clients.serviceRanges(client) : settings.serviceRanges(),
                drainAddress().or(before::drainAddress));
        polled = now;
        if (!now.equals(before)) {
            LOG.info(
                    "pods are injected for Kubernetes {}, Service ranges {}, asking {} at their end",
                    cluster().version().map(KubernetesVersion::toString).orElse("(unknown)"),
                    now.serviceRanges().isEmpty() ? "(unknown)" : String.join(", ", now.serviceRanges()),
                    now.drainAddress().orElse("nobody: there is no Service " + ownNamespace + "/" + OWN_SERVICE));
        }
        boolean complete = now.server().isPresent() && now.drainAddress().isPresent();
        reader.schedule(complete ? REFRESH : TRY_AGAIN, this::refresh);
    }

    private Optional<KubernetesVersion> server() {
        try {
            var version = client.getKubernetesVersion();
            return version == null ? Optional.empty() : KubernetesVersion.parse(version.getGitVersion());
        } catch (KubernetesClientException e) {
            LOG.debug("the API server's version is not known", e);
            return Optional.empty();
        }
    }

    /** Our rights do not reach to a get, which a list of one does as well. */
    private Optional<String> drainAddress() {
        try {
            return client
                    .services()
                    .inNamespace(ownNamespace)
                    .withField("metadata.name", OWN_SERVICE)
                    .list()
                    .getItems()
                    .stream()
                    .map(Service::getSpec)
                    .map(spec -> spec.getClusterIP())
                    .filter(address -> address != null && !address.isEmpty() && !address.equals("None"))
                    .findFirst();
        } catch (KubernetesClientException e) {
            LOG.debug("our Service cannot be read", e);
            return Optional.empty();
        }
    }
}
