package dev.sidestep.control.index;

import java.util.Map;

/** One Kubernetes object, reduced to what Sidestep needs. */
public sealed interface Item permits ServiceItem, SliceItem, Item.NamespaceItem {
    /** The prefix of our annotations and labels. */
    String PREFIX = "sidestep.dev/";

    ObjectKey key();

    /**
     * A namespace.
     *
     * @param annotations its annotations below {@link #PREFIX}
     */
    record NamespaceItem(ObjectKey key, Map<String, String> annotations) implements Item {
        public NamespaceItem {
            annotations = Map.copyOf(annotations);
        }
    }
}
