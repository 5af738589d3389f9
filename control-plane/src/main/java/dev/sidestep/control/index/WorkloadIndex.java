package dev.sidestep.control.index;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.control.index.Item.NamespaceItem;
import dev.sidestep.control.index.Item.NodeItem;
import dev.sidestep.control.index.Item.PodItem;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The pods, with the namespaces and nodes that they are in. Empty where the source is a folder of manifests, but for
 * namespaces, and where the API server does not let us read them. Confined to {@code owner}.
 */
public final class WorkloadIndex {
    private final SerialExecutor owner;
    private final Map<ObjectKey, PodItem> pods = new HashMap<>();
    private final Map<String, NamespaceItem> namespaces = new HashMap<>();
    private final Map<String, NodeItem> nodes = new HashMap<>();
    private final Map<String, PodItem> podOfAddress = new HashMap<>();
    private final List<WorkloadListener> listeners = new ArrayList<>();

    public WorkloadIndex(SerialExecutor owner) {
        this.owner = owner;
    }

    /** Tells {@code listener} of every change from now on, after those that listen already. Before the first change. */
    public void listen(WorkloadListener listener) {
        listeners.add(listener);
    }

    /** Takes over those of {@code changes} that are about workloads. */
    public void apply(List<Change> changes) {
        owner.checkCurrent();
        for (Change change : changes) {
            switch (change.key().kind()) {
                case POD -> applyPod(change.key(), (PodItem) change.item().orElse(null));
                case NAMESPACE ->
                    applyNamespace(
                            change.key().name(), (NamespaceItem) change.item().orElse(null));
                case NODE ->
                    applyNode(change.key().name(), (NodeItem) change.item().orElse(null));
                case SERVICE, ENDPOINT_SLICE, ENDPOINTS -> {}
            }
        }
    }

    public Optional<NamespaceItem> namespace(String name) {
        owner.checkCurrent();
        return Optional.ofNullable(namespaces.get(name));
    }

    public Optional<PodItem> pod(String namespace, String name) {
        owner.checkCurrent();
        return Optional.ofNullable(pods.get(ObjectKey.pod(namespace, name)));
    }

    /** The pod that has the address {@code ip}, a canonical literal, to itself: none in its node's network. */
    public Optional<PodItem> podOfAddress(String ip) {
        owner.checkCurrent();
        return Optional.ofNullable(podOfAddress.get(ip));
    }

    public Stream<PodItem> pods() {
        owner.checkCurrent();
        return pods.values().stream();
    }

    public Optional<NodeItem> node(String name) {
        owner.checkCurrent();
        return Optional.ofNullable(nodes.get(name));
    }

    public Stream<NodeItem> nodes() {
        owner.checkCurrent();
        return nodes.values().stream();
    }

    private void applyPod(ObjectKey key, @Nullable PodItem now) {
        PodItem before = now == null ? pods.remove(key) : pods.put(key, now);
        if (now == null ? before == null : now.equals(before)) {
            return; // Informers tell of every heartbeat, and of much that we do not keep.
        }
        if (before != null) {
            before.addresses().forEach(address -> podOfAddress.remove(address, before));
        }
        if (now != null && !now.hostNetwork() && !now.isOver()) {
            // An address that passed on belongs to its new pod, even if the old one's end is heard of later.
            now.addresses()
                    .forEach(address -> podOfAddress.merge(
                            address, now, (there, mine) -> mine.terminating() && !there.terminating() ? there : mine));
        }
        listeners.forEach(listener -> listener.onPod(Optional.ofNullable(before), Optional.ofNullable(now)));
    }

    private void applyNamespace(String name, @Nullable NamespaceItem now) {
        NamespaceItem before = now == null ? namespaces.remove(name) : namespaces.put(name, now);
        if (now == null ? before != null : !now.equals(before)) {
            listeners.forEach(listener -> listener.onNamespace(Optional.ofNullable(before), Optional.ofNullable(now)));
        }
    }

    private void applyNode(String name, @Nullable NodeItem now) {
        NodeItem before = now == null ? nodes.remove(name) : nodes.put(name, now);
        if (now == null ? before != null : !now.equals(before)) {
            listeners.forEach(listener -> listener.onNode(Optional.ofNullable(before), Optional.ofNullable(now)));
        }
    }
}
