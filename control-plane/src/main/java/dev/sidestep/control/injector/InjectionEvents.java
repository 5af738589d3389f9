package dev.sidestep.control.injector;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.control.events.PodEvents;
import dev.sidestep.control.events.Story;
import dev.sidestep.control.index.Item.PodItem;
import dev.sidestep.control.index.WorkloadListener;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;

/**
 * Tells by an Event what the status of a new pod says, if it is not just as asked. Pods are seen when they are there, not
 * while they are admitted: so a pod has a name by then, no admission waits for an Event, and a dry run makes none.
 *
 * <p>One Event for all pods of one owner with the same reason, in ten minutes; at most a few a second. All replicas see the
 * same pod and give its Event the same name: the first one makes it. Confined to the index's owner.
 */
public final class InjectionEvents implements WorkloadListener {
    private static final PodEvents.Manner MANNER = new PodEvents.Manner(
            Duration.ofMinutes(10),
            25,
            Duration.ofMillis(200),
            "its annotation " + Injector.STATUS_ANNOTATION + " says the same");

    private final SerialExecutor owner;
    private final PodEvents events;
    private final BooleanSupplier synced;
    private final ObjectMapper json = JsonMapper.shared();

    /**
     * Listens when it is registered.
     *
     * @param writer asks the API server; may block, and drops what is too much
     * @param synced whether the pods that were there at the start were told: theirs are old stories
     */
    public InjectionEvents(
            SerialExecutor owner,
            KubernetesClient client,
            Executor writer,
            InstantSource clock,
            BooleanSupplier synced) {
        this.owner = owner;
        this.synced = synced;
        events = new PodEvents(owner, client, writer, clock, MANNER);
    }

    @Override
    public void onPod(Optional<PodItem> before, Optional<PodItem> after) {
        owner.checkCurrent();
        if (before.isPresent() || after.isEmpty() || !synced.getAsBoolean()) {
            return;
        }
        PodItem pod = after.get();
        JsonNode status = status(pod);
        String reason = status.path("reason").asString("");
        if (reason.isEmpty()) {
            return;
        }
        String whose = pod.namespace() + "/"
                + pod.owner().map(it -> it.kind() + "/" + it.name()).orElse("Pod/" + pod.name()) + " " + reason;
        boolean declined = status.path("mode").asString("").equals("none");
        events.tell(new Story(
                whose,
                pod.namespace(),
                pod.name(),
                Optional.of(pod.uid()),
                // Of the pod, which may be gone and made again.
                Optional.of(pod.uid()),
                declined,
                declined ? "NotInjected" : "InjectedOtherwise",
                reason));
    }

    private JsonNode status(PodItem pod) {
        try {
            return json.readTree(pod.annotations().getOrDefault(Injector.STATUS_ANNOTATION, "{}"));
        } catch (JacksonException somebodyElseWroteIt) {
            return json.createObjectNode();
        }
    }
}
