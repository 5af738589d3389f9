package dev.sidestep.control.bypass;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.control.events.PodEvents;
import dev.sidestep.control.events.Story;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.Executor;

/**
 * Makes an Event of what passed a sidecar by: one for each workload in an hour, however many pods it has, and a few a
 * minute in all. Confined to {@code owner}.
 */
public final class BypassEvents {
    private static final PodEvents.Manner MANNER = new PodEvents.Manner(
            Duration.ofHours(1), 20, Duration.ofSeconds(5), "its metric sidestep_not_intercepted says the same");

    private final PodEvents events;

    /** @param writer asks the API server; may block, and rejects what is too much */
    public BypassEvents(SerialExecutor owner, KubernetesClient client, Executor writer, InstantSource clock) {
        events = new PodEvents(owner, client, writer, clock, MANNER);
    }

    void onFinding(Finding finding) {
        String workload = finding.namespace() + "/"
                + finding.known()
                        .flatMap(pod -> pod.owner())
                        .map(it -> it.kind() + "/" + it.name())
                        .orElse("Pod/" + finding.pod());
        events.tell(new Story(
                workload,
                finding.namespace(),
                finding.pod(),
                finding.known().map(it -> it.uid()),
                Optional.empty(),
                true,
                "NotIntercepted",
                finding.text()));
    }
}
