package dev.sidestep.control.index;

import dev.sidestep.control.index.Item.NamespaceItem;
import dev.sidestep.control.index.Item.NodeItem;
import dev.sidestep.control.index.Item.OwnerReference;
import dev.sidestep.control.index.Item.PodItem;
import dev.sidestep.model.Mode;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Where a client runs, and the mode that its pod, its namespace or the mesh gives it. What is wrong with a pod's mode is
 * reported, once for all pods of an owner. Confined to the index's owner.
 */
public final class Callers implements WorkloadListener {
    private static final String MODE = Item.PREFIX + "mode";

    /**
     * Where something runs; "" where that is not known.
     *
     * @param region what the zone is part of
     */
    public record Place(String node, String zone, String region) {
        public static final Place UNKNOWN = new Place("", "", "");
    }

    private final WorkloadIndex workloads;
    private final Problems problems;

    /** The pods that each origin of a problem speaks for. */
    private final Map<String, Set<ObjectKey>> wrong = new HashMap<>();

    /** Made before {@code workloads} hears of anything. */
    public Callers(WorkloadIndex workloads, Problems problems) {
        this.workloads = workloads;
        this.problems = problems;
        workloads.listen(this);
    }

    /**
     * Where a client runs: by its pod's node, and only without one as it claims itself.
     *
     * @param pod its pod's name, or ""
     */
    public Place placeOf(String namespace, String pod, Place claimed) {
        String bound = workloads.pod(namespace, pod).map(PodItem::node).orElse("");
        String name = bound.isEmpty() ? claimed.node() : bound;
        Optional<NodeItem> node = workloads.node(name);
        return new Place(
                name,
                node.map(NodeItem::zone).filter(zone -> !zone.isEmpty()).orElse(claimed.zone()),
                node.map(NodeItem::region).filter(region -> !region.isEmpty()).orElse(claimed.region()));
    }

    /**
     * The mode of a caller: its pod's, its namespace's or the mesh's, the narrowest. A wrong one is as none.
     *
     * @param pod its pod's name, or ""
     */
    public Mode modeOf(String namespace, String pod, Mode ofMesh) {
        return workloads
                .pod(namespace, pod)
                .map(PodItem::annotations)
                .flatMap(Callers::mode)
                .or(() -> workloads
                        .namespace(namespace)
                        .map(NamespaceItem::annotations)
                        .flatMap(Callers::mode))
                .orElse(ofMesh);
    }

    private static Optional<Mode> mode(Map<String, String> annotations) {
        String value = annotations.get(MODE);
        if (value == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(PolicyBuilder.mode(value));
        } catch (WrongValueException reportedWhereItWasHeard) {
            return Optional.empty();
        }
    }

    @Override
    public void onPod(Optional<PodItem> before, Optional<PodItem> after) {
        Optional<String> wrongBefore = before.flatMap(Callers::problem);
        Optional<String> wrongNow = after.flatMap(Callers::problem);
        if (wrongBefore.equals(wrongNow)) {
            return;
        }
        if (wrongBefore.isPresent()) {
            PodItem pod = before.orElseThrow();
            Set<ObjectKey> pods = wrong.getOrDefault(origin(pod), Set.of());
            pods.remove(pod.key());
            if (pods.isEmpty()) {
                wrong.remove(origin(pod));
                problems.replace(origin(pod), List.of());
            }
        }
        if (wrongNow.isPresent()) {
            PodItem pod = after.orElseThrow();
            wrong.computeIfAbsent(origin(pod), key -> new HashSet<>()).add(pod.key());
            problems.replace(origin(pod), List.of(wrongNow.get()));
        }
    }

    private static Optional<String> problem(PodItem pod) {
        String value = pod.annotations().get(MODE);
        if (value == null) {
            return Optional.empty();
        }
        try {
            PolicyBuilder.mode(value);
            return Optional.empty();
        } catch (WrongValueException e) {
            return Optional.of(origin(pod) + ": annotation " + MODE + ": \"" + value + "\" " + e.getMessage());
        }
    }

    /** As messages name the pod: by what made it, since all that it made are alike. */
    private static String origin(PodItem pod) {
        return pod.owner()
                .map(owner -> "pods of " + text(pod.namespace(), owner))
                .orElse(pod.key().toString());
    }

    private static String text(String namespace, OwnerReference owner) {
        return owner.kind() + " " + namespace + "/" + owner.name();
    }
}
