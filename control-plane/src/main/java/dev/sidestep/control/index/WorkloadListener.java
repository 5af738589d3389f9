package dev.sidestep.control.index;

import dev.sidestep.control.index.Item.NamespaceItem;
import dev.sidestep.control.index.Item.NodeItem;
import dev.sidestep.control.index.Item.PodItem;
import java.util.Optional;

/**
 * Hears of workloads and what they run in; only of real differences. Empty before: it is new; empty after: it is gone.
 * Called as a task of the index's owner, when the index holds what is told already.
 */
public interface WorkloadListener {
    default void onPod(Optional<PodItem> before, Optional<PodItem> after) {}

    default void onNamespace(Optional<NamespaceItem> before, Optional<NamespaceItem> after) {}

    default void onNode(Optional<NodeItem> before, Optional<NodeItem> after) {}
}
