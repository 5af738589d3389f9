package dev.sidestep.demo;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** The demo's pods as the API server tells of them. Told by the informer's thread, read by any. */
final class ClusterPods implements ResourceEventHandler<Pod> {
    private static final String CONTAINER = "app";
    private static final Set<String> REFUSALS =
            Set.of("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable");

    private final String advice;
    /** Told the pod and the id of each container of ours, once it runs. */
    private final BiConsumer<String, String> running;

    private final SortedMap<String, Seen> seen = new ConcurrentSkipListMap<>();
    private final Set<String> mayEnd = ConcurrentHashMap.newKeySet();

    /**
     * A pod.
     *
     * @param sinceMicros when we were told that it is so
     * @param restarts of our container
     * @param running the id of our container while it runs, else ""
     * @param trouble why it cannot go on; else ""
     * @param labels of the pod
     * @param annotations of the pod
     */
    record Seen(
            PodState state,
            long sinceMicros,
            int restarts,
            String running,
            String trouble,
            Map<String, String> labels,
            Map<String, String> annotations) {}

    /** {@code advice}: what to do about an image that cannot be pulled. */
    ClusterPods(String advice, BiConsumer<String, String> running) {
        this.advice = advice;
        this.running = running;
    }

    /** As it is now; empty before it is there. */
    Optional<Seen> pod(String name) {
        return Optional.ofNullable(seen.get(name));
    }

    /** The backends. */
    SortedMap<String, PodState> pods() {
        SortedMap<String, PodState> states = new TreeMap<>();
        seen.forEach((name, each) -> {
            if ("backend".equals(each.labels().get("app"))) {
                states.put(name, each.state());
            }
        });
        return states;
    }

    /** Its end is no trouble from now on. */
    void mayEnd(String pod) {
        mayEnd.add(pod);
    }

    boolean isToRun(String pod) {
        return !mayEnd.contains(pod);
    }

    /** Throws if one cannot go on that should. */
    void check() throws DemoException {
        for (Map.Entry<String, Seen> each : seen.entrySet()) {
            if (!each.getValue().trouble().isEmpty() && isToRun(each.getKey())) {
                throw new DemoException(
                        "pod " + each.getKey() + ": " + each.getValue().trouble());
            }
        }
    }

    @Override
    public void onAdd(Pod pod) {
        String name = pod.getMetadata().getName();
        Seen before = seen.get(name);
        Seen now = look(pod, before, Time.nowMicros());
        seen.put(name, now);
        if (!now.running().isEmpty() && (before == null || !before.running().equals(now.running()))) {
            running.accept(name, now.running());
        }
    }

    @Override
    public void onUpdate(Pod old, Pod pod) {
        onAdd(pod);
    }

    @Override
    public void onDelete(Pod pod, boolean finalStateUnknown) {
        seen.remove(pod.getMetadata().getName());
    }

    private Seen look(Pod pod, @Nullable Seen before, long micros) {
        Optional<ContainerStatus> status = pod.getStatus().getContainerStatuses().stream()
                .filter(each -> each.getName().equals(CONTAINER))
                .findFirst();
        boolean ready = pod.getStatus().getConditions().stream()
                .anyMatch(each ->
                        each.getType().equals("Ready") && each.getStatus().equals("True"));
        int restarts = status.map(ContainerStatus::getRestartCount).orElse(0);
        PodState state = ready
                ? PodState.READY
                : before == null || before.state() == PodState.STARTING ? PodState.STARTING : PodState.KILLED;
        return new Seen(
                state,
                before != null && before.state() == state ? before.sinceMicros() : micros,
                restarts,
                status.filter(each -> each.getState().getRunning() != null)
                        .map(ContainerStatus::getContainerID)
                        .orElse(""),
                status.map(each -> trouble(each, restarts)).orElse(""),
                Objects.requireNonNullElse(pod.getMetadata().getLabels(), Map.of()),
                Objects.requireNonNullElse(pod.getMetadata().getAnnotations(), Map.of()));
    }

    private String trouble(ContainerStatus status, int restarts) {
        ContainerState state = status.getState();
        if (state.getWaiting() != null
                && REFUSALS.contains(String.valueOf(state.getWaiting().getReason()))) {
            return "image " + status.getImage() + " cannot be pulled ("
                    + Objects.requireNonNullElse(
                            state.getWaiting().getMessage(), state.getWaiting().getReason())
                    + "); " + advice;
        }
        var ended = state.getTerminated() != null
                ? state.getTerminated()
                : restarts > 0 ? status.getLastState().getTerminated() : null;
        return ended == null
                ? ""
                : "its program ended with code " + ended.getExitCode()
                        + (ended.getMessage() == null ? "" : ": " + ended.getMessage());
    }
}
