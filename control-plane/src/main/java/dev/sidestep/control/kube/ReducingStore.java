package dev.sidestep.control.kube;

import dev.sidestep.control.index.Change;
import dev.sidestep.control.index.Item;
import dev.sidestep.control.index.ObjectKey;
import dev.sidestep.control.index.SourceListener;
import dev.sidestep.control.manifest.Field;
import dev.sidestep.control.manifest.ManifestException;
import dev.sidestep.control.manifest.ManifestParser;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.client.informers.cache.ItemStore;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What an informer remembers: of each object its identity and version only. What matters of it is passed on as it comes,
 * in order, by the informer's own thread; the index keeps it. Outlives informers, so that after a new list only the
 * difference is told.
 */
final class ReducingStore implements ItemStore<GenericKubernetesResource> {
    private final Resource resource;
    private final SourceListener listener;
    private final Runnable alive;
    private final Map<String, GenericKubernetesResource> identities = new ConcurrentHashMap<>();
    private final Set<ObjectKey> bad = ConcurrentHashMap.newKeySet();

    /** @param alive told that the API has said something; any thread */
    ReducingStore(Resource resource, SourceListener listener, Runnable alive) {
        this.resource = resource;
        this.listener = listener;
        this.alive = alive;
    }

    @Override
    public String getKey(GenericKubernetesResource object) {
        ObjectMeta metadata = object.getMetadata();
        return Objects.requireNonNullElse(metadata.getNamespace(), "") + "/" + metadata.getName();
    }

    @Override
    public @Nullable GenericKubernetesResource put(String key, GenericKubernetesResource object) {
        alive.run();
        ObjectMeta metadata = object.getMetadata();
        ObjectKey objectKey = key(metadata);
        try {
            Item item = ManifestParser.parse(objectKey, new Field("", tree(object)));
            listener.onChanges(List.of(Change.put(item)));
            if (bad.remove(objectKey)) {
                listener.onProblems(origin(objectKey), List.of());
            }
        } catch (ManifestException wrong) {
            // The API server has checked it, so that this is news to us: what was known of it stays.
            bad.add(objectKey);
            listener.onProblems(
                    origin(objectKey),
                    List.of(objectKey + ": " + wrong.getMessage() + "; its last good version stays"));
        }
        var identity = new GenericKubernetesResource();
        identity.setApiVersion(object.getApiVersion());
        identity.setKind(object.getKind());
        identity.setMetadata(new ObjectMetaBuilder()
                .withName(metadata.getName())
                .withNamespace(metadata.getNamespace())
                .withUid(metadata.getUid())
                .withResourceVersion(metadata.getResourceVersion())
                .build());
        return identities.put(key, identity);
    }

    @Override
    public @Nullable GenericKubernetesResource remove(String key) {
        alive.run();
        GenericKubernetesResource removed = identities.remove(key);
        if (removed != null) {
            ObjectKey objectKey = key(removed.getMetadata());
            listener.onChanges(List.of(Change.removed(objectKey)));
            if (bad.remove(objectKey)) {
                listener.onProblems(origin(objectKey), List.of());
            }
        }
        return removed;
    }

    @Override
    public Stream<String> keySet() {
        return identities.keySet().stream();
    }

    @Override
    public Stream<GenericKubernetesResource> values() {
        return identities.values().stream();
    }

    @Override
    public int size() {
        return identities.size();
    }

    @Override
    public @Nullable GenericKubernetesResource get(String key) {
        return identities.get(key);
    }

    @Override
    public boolean isFullState() {
        return false;
    }

    private ObjectKey key(ObjectMeta metadata) {
        return switch (resource) {
            case NAMESPACES -> ObjectKey.namespace(metadata.getName());
            case NODES -> ObjectKey.node(metadata.getName());
            case SERVICES, ENDPOINT_SLICES, ENDPOINTS, PODS ->
                new ObjectKey(resource.kind(), metadata.getNamespace(), metadata.getName());
        };
    }

    /** Apart from the object's own name, under which the index reports its annotations. */
    private static String origin(ObjectKey key) {
        return "API: " + key;
    }

    private static List<Map<String, Object>> owners(ObjectMeta metadata) {
        List<OwnerReference> references = Objects.requireNonNullElse(metadata.getOwnerReferences(), List.of());
        return references.stream()
                .map(owner -> Map.<String, Object>of(
                        "kind",
                        owner.getKind(),
                        "name",
                        owner.getName(),
                        "controller",
                        Boolean.TRUE.equals(owner.getController())))
                .toList();
    }

    private Map<String, Object> tree(GenericKubernetesResource object) {
        Map<String, Object> tree = new HashMap<>(object.getAdditionalProperties());
        Map<String, Object> metadata = new HashMap<>();
        Optional.ofNullable(object.getMetadata().getLabels()).ifPresent(labels -> metadata.put("labels", labels));
        Optional.ofNullable(object.getMetadata().getAnnotations())
                .ifPresent(annotations -> metadata.put("annotations", annotations));
        Optional.ofNullable(object.getMetadata().getUid()).ifPresent(uid -> metadata.put("uid", uid));
        Optional.ofNullable(object.getMetadata().getDeletionTimestamp())
                .ifPresent(since -> metadata.put("deletionTimestamp", since));
        metadata.put("ownerReferences", owners(object.getMetadata()));
        tree.put("metadata", metadata);
        tree.put("apiVersion", resource.apiVersion()); // Items of a list come without their own.
        return tree;
    }
}
