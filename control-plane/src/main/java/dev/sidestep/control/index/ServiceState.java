package dev.sidestep.control.index;

import dev.sidestep.concurrent.SerialExecutor.Cancellable;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What is known of one Service, and what was made of it. Confined to the index's owner. */
final class ServiceState {
    final TreeMap<String, SliceItem> slices = new TreeMap<>();

    @Nullable
    SliceItem endpoints;

    @Nullable
    ServiceItem service;

    /** As published. */
    List<Cluster> clusters = new ArrayList<>();

    /** Which of its ports answers on which port of every node; as published. */
    Map<Integer, ClusterName> nodePorts = Map.of();

    /** A rebuild that is queued, for when, and since when there was something to rebuild for. */
    @Nullable
    Cancellable pending;

    long pendingUntilNanos;
    long pendingSinceNanos;

    /** Whether clients call an endpoint that they should not. */
    boolean urgent;

    /** Until when changes are collected instead of published at once. */
    long quietUntilNanos;

    boolean published;

    /** Whether a removal waits to be confirmed. */
    boolean held;

    /** The most endpoints published of late, and when. */
    int peak;

    long peakNanos;

    boolean isEmpty() {
        return service == null && slices.isEmpty() && endpoints == null && clusters.isEmpty();
    }

    /** Endpoints objects are for API servers and manifests without slices; with both, they say the same twice. */
    Collection<SliceItem> effectiveSlices() {
        if (!slices.isEmpty() || endpoints == null) {
            return slices.values();
        }
        return List.of(endpoints);
    }
}
