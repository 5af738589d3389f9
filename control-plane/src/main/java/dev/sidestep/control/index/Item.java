package dev.sidestep.control.index;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One Kubernetes object, reduced to what Sidestep needs. */
public sealed interface Item permits ServiceItem, SliceItem, Item.NamespaceItem, Item.PodItem, Item.NodeItem {
    /** The prefix of our annotations and labels. */
    String PREFIX = "sidestep.dev/";

    ObjectKey key();

    /**
     * A namespace.
     *
     * @param labels its labels below {@link #PREFIX}, those of Pod Security Admission, and those by which other meshes
     *     are told to inject
     * @param annotations its annotations below {@link #PREFIX}, and those by which other meshes are told to inject
     */
    record NamespaceItem(ObjectKey key, Map<String, String> labels, Map<String, String> annotations) implements Item {
        public NamespaceItem {
            labels = Map.copyOf(labels);
            annotations = Map.copyOf(annotations);
        }
    }

    /**
     * A pod.
     *
     * @param uid tells it from another pod of the same name, before or after it
     * @param addresses its addresses, canonical literals, the primary one first; none before it has any
     * @param hostNetwork whether its addresses are its node's
     * @param node the node that it runs on, or ""
     * @param phase {@code Pending}, {@code Running}, {@code Succeeded}, {@code Failed}, {@code Unknown}, or ""
     * @param terminating whether its deletion has begun
     * @param labels its labels below {@link #PREFIX}
     * @param annotations its annotations below {@link #PREFIX}
     * @param owner what made it and will replace it
     */
    record PodItem(
            ObjectKey key,
            String uid,
            List<String> addresses,
            boolean hostNetwork,
            String node,
            String phase,
            boolean terminating,
            Map<String, String> labels,
            Map<String, String> annotations,
            Optional<OwnerReference> owner)
            implements Item {
        public PodItem {
            addresses = List.copyOf(addresses);
            labels = Map.copyOf(labels);
            annotations = Map.copyOf(annotations);
        }

        public String namespace() {
            return key.namespace();
        }

        public String name() {
            return key.name();
        }

        /** Whether it has ended for good: its addresses may be another pod's by now. */
        public boolean isOver() {
            return phase.equals("Succeeded") || phase.equals("Failed");
        }
    }

    /** What manages an object: {@code ReplicaSet}, {@code StatefulSet}, {@code Job} … */
    record OwnerReference(String kind, String name) {}

    /**
     * A node.
     *
     * @param zone where it is, or ""
     * @param region where its zone is, or ""
     * @param addresses its internal and external addresses, canonical literals
     * @param kubelet its kubelet's version, {@code v1.35.4}, or ""
     */
    record NodeItem(ObjectKey key, String zone, String region, List<String> addresses, String kubelet) implements Item {
        public NodeItem {
            addresses = List.copyOf(addresses);
        }

        /** One that has not said its version. */
        public NodeItem(ObjectKey key, String zone, String region, List<String> addresses) {
            this(key, zone, region, addresses, "");
        }

        public String name() {
            return key.name();
        }
    }
}
