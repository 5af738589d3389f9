package dev.sidestep.control.drain;

import dev.sidestep.control.index.Item;
import dev.sidestep.control.index.Item.PodItem;
import dev.sidestep.control.index.WorkloadIndex;
import dev.sidestep.control.index.WorkloadListener;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Pods as the index of workloads knows them. Confined to its owner. */
final class WorkloadPods implements Pods, WorkloadListener {
    private static final String DRAIN_ID = Item.PREFIX + "drain-id";

    private final WorkloadIndex workloads;
    private final Map<String, PodName> byDrainId = new HashMap<>();

    WorkloadPods(WorkloadIndex workloads) {
        this.workloads = workloads;
    }

    @Override
    public void onPod(Optional<PodItem> before, Optional<PodItem> after) {
        before.ifPresent(pod -> drainId(pod).ifPresent(id -> byDrainId.remove(id, name(pod))));
        // An id that another pod has already is copied, by accident or not: the first one keeps it.
        after.ifPresent(pod -> drainId(pod).ifPresent(id -> byDrainId.putIfAbsent(id, name(pod))));
    }

    @Override
    public Optional<PodName> byDrainId(String id) {
        return Optional.ofNullable(byDrainId.get(id));
    }

    @Override
    public boolean stays(PodName pod) {
        return workloads
                .pod(pod.namespace(), pod.name())
                .filter(found -> !found.terminating())
                .isPresent();
    }

    private static PodName name(PodItem pod) {
        return new PodName(pod.namespace(), pod.name());
    }

    private static Optional<String> drainId(PodItem pod) {
        return Optional.ofNullable(pod.annotations().get(DRAIN_ID)).filter(id -> !id.isEmpty());
    }
}
