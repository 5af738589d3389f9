package dev.sidestep.control.kube;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.control.index.SourceListener;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceList;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.FilterWatchListDeletable;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Follows one kind of objects, in one namespace or in all: a list, then a watch, for ever. Confined to {@code owner}.
 */
final class Follower {
    private static final String SERVICE_OF_SLICE = "kubernetes.io/service-name";
    private static final long PAGE = 500;

    /** Hears how it goes; as tasks of the owner. */
    interface Progress {
        /** All there were at the start were told. */
        void onListed(Follower follower);

        /** The API server refuses to tell, or does not know the kind. */
        void onDenied(Follower follower);
    }

    private final SerialExecutor owner;
    private final KubernetesClient client;
    private final Resource resource;
    private final String namespace;
    private final SourceListener listener;
    private final Progress progress;
    private final ReducingStore store;
    private @Nullable SharedIndexInformer<GenericKubernetesResource> informer;
    private String lastVersion = "";
    private volatile long aliveNanos;
    private boolean troubled;
    private long troubledNanos;

    /** @param namespace "" for all */
    Follower(
            SerialExecutor owner,
            KubernetesClient client,
            Resource resource,
            String namespace,
            SourceListener listener,
            Progress progress) {
        this.owner = owner;
        this.client = client;
        this.resource = resource;
        this.namespace = namespace;
        this.listener = listener;
        this.progress = progress;
        this.store = new ReducingStore(resource, listener, () -> aliveNanos = owner.nanoTime());
    }

    Resource resource() {
        return resource;
    }

    String namespace() {
        return namespace;
    }

    void start() {
        owner.checkCurrent();
        aliveNanos = owner.nanoTime();
        SharedIndexInformer<GenericKubernetesResource> starting =
                query().withLimit(PAGE).runnableInformer(0);
        informer = starting;
        starting.removeNamespaceIndex().itemStore(store).exceptionHandler((started, error) -> {
            owner.execute(() -> onError(starting, error));
            return true; // Tried again for ever, with the client's own back-off: what is known goes on serving.
        });
        starting.start()
                .whenComplete((listed, error) -> owner.execute(() -> {
                    if (error == null && informer == starting) {
                        recovered();
                        progress.onListed(this);
                    }
                }));
    }

    private FilterWatchListDeletable<
                    GenericKubernetesResource,
                    GenericKubernetesResourceList,
                    io.fabric8.kubernetes.client.dsl.Resource<GenericKubernetesResource>>
            query() {
        var objects = client.genericKubernetesResources(resource.context());
        if (resource == Resource.NAMESPACES) {
            return namespace.isEmpty() ? objects : objects.withField("metadata.name", namespace);
        }
        if (resource == Resource.NODES) {
            return objects;
        }
        var there = namespace.isEmpty() ? objects.inAnyNamespace() : objects.inNamespace(namespace);
        // A slice may belong to no Service; those are nobody's endpoints.
        return resource == Resource.ENDPOINT_SLICES ? there.withLabel(SERVICE_OF_SLICE) : there;
    }

    /**
     * Lists again if nothing was heard for {@code silence}: some networks lose a connection without a word, and its watch
     * would say nothing for ever.
     */
    void checkSilence(Duration silence, Consumer<String> log) {
        owner.checkCurrent();
        SharedIndexInformer<GenericKubernetesResource> current = informer;
        if (current == null) {
            return;
        }
        // Bookmarks show in the version alone.
        String version = Objects.requireNonNullElse(current.lastSyncResourceVersion(), "");
        if (!version.equals(lastVersion)) {
            lastVersion = version;
            aliveNanos = owner.nanoTime();
        }
        if (current.isWatching() || aliveNanos - troubledNanos > 0) {
            recovered();
        }
        if (owner.nanoTime() - aliveNanos >= silence.toNanos()) {
            log.accept(resource + ": nothing heard for " + silence.toSeconds() + " s; listing again");
            listAgain();
        }
    }

    /** Begins anew; what is known stays until the list says otherwise. */
    void listAgain() {
        stop();
        start();
    }

    void stop() {
        owner.checkCurrent();
        if (informer != null) {
            informer.stop();
        }
    }

    private void onError(SharedIndexInformer<GenericKubernetesResource> of, Throwable error) {
        if (of != informer) {
            return;
        }
        troubled = true;
        troubledNanos = owner.nanoTime();
        listener.onProblems(origin(), List.of(origin() + ": " + Trouble.explain(resource, namespace, error)));
        if (Trouble.isDenied(error)) {
            progress.onDenied(this);
        }
    }

    private void recovered() {
        if (troubled) {
            troubled = false;
            listener.onProblems(origin(), List.of());
        }
    }

    private String origin() {
        return "Kubernetes API, " + resource + (namespace.isEmpty() ? "" : " in " + namespace);
    }
}
