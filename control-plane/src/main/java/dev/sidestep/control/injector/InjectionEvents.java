package dev.sidestep.control.injector;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.control.index.Item.PodItem;
import dev.sidestep.control.index.WorkloadListener;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
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
    private static final Logger LOG = LoggerFactory.getLogger(InjectionEvents.class);

    private static final Duration QUIET = Duration.ofMinutes(10);

    private static final int MOST_REMEMBERED = 1_000;

    /** So many at once, and one more each {@link #EARNED_EVERY}. */
    private static final int BURST = 25;

    private static final Duration EARNED_EVERY = Duration.ofMillis(200);

    private static final int CONFLICT = 409;
    private static final int LONGEST_NAME = 200;
    private static final int LONGEST_NOTE = 1_000;

    private final SerialExecutor owner;
    private final KubernetesClient client;
    private final Executor writer;
    private final InstantSource clock;
    private final BooleanSupplier synced;
    private final ObjectMapper json = JsonMapper.shared();
    private final Map<String, Long> toldNanos = new LinkedHashMap<>();
    private long tokens = BURST;
    private long earnedNanos;

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
        this.client = client;
        this.writer = writer;
        this.clock = clock;
        this.synced = synced;
        earnedNanos = owner.nanoTime();
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
        if (isNews(whose) && isAffordable()) {
            boolean declined = status.path("mode").asString("").equals("none");
            Event event = event(pod, declined, reason);
            writer.execute(() -> create(event));
        }
    }

    private JsonNode status(PodItem pod) {
        try {
            return json.readTree(pod.annotations().getOrDefault(Injector.STATUS_ANNOTATION, "{}"));
        } catch (JacksonException somebodyElseWroteIt) {
            return json.createObjectNode();
        }
    }

    private boolean isNews(String whose) {
        long now = owner.nanoTime();
        Long told = toldNanos.get(whose);
        if (told != null && now - told < QUIET.toNanos()) {
            return false;
        }
        toldNanos.remove(whose);
        toldNanos.put(whose, now);
        if (toldNanos.size() > MOST_REMEMBERED) {
            toldNanos.remove(toldNanos.keySet().iterator().next());
        }
        return true;
    }

    private boolean isAffordable() {
        long earned = (owner.nanoTime() - earnedNanos) / EARNED_EVERY.toNanos();
        earnedNanos += earned * EARNED_EVERY.toNanos();
        tokens = Math.min(BURST, tokens + earned);
        if (tokens == 0) {
            return false;
        }
        tokens--;
        return true;
    }

    private Event event(PodItem pod, boolean declined, String reason) {
        String now = Instant.ofEpochMilli(clock.millis())
                .truncatedTo(ChronoUnit.SECONDS)
                .toString();
        return new EventBuilder()
                .withNewMetadata()
                .withName(eventName(pod))
                .withNamespace(pod.namespace())
                .endMetadata()
                .withNewInvolvedObject()
                .withApiVersion("v1")
                .withKind("Pod")
                .withName(pod.name())
                .withNamespace(pod.namespace())
                .withUid(pod.uid())
                .endInvolvedObject()
                .withType(declined ? "Warning" : "Normal")
                .withReason(declined ? "NotInjected" : "InjectedOtherwise")
                .withMessage(reason.length() > LONGEST_NOTE ? reason.substring(0, LONGEST_NOTE) : reason)
                .withNewSource()
                .withComponent("sidestep")
                .endSource()
                .withFirstTimestamp(now)
                .withLastTimestamp(now)
                .withCount(1)
                .build();
    }

    /** Of the pod, which may be gone and made again: by its uid. */
    private static String eventName(PodItem pod) {
        String name = pod.name().length() > LONGEST_NAME ? pod.name().substring(0, LONGEST_NAME) : pod.name();
        return name + ".sidestep-" + pod.uid();
    }

    private void create(Event event) {
        try {
            client.v1()
                    .events()
                    .inNamespace(event.getMetadata().getNamespace())
                    .resource(event)
                    .create();
        } catch (KubernetesClientException e) {
            if (e.getCode() != CONFLICT) {
                LOG.info(
                        "no Event for pod {}/{} ({}); its annotation {} says the same",
                        event.getMetadata().getNamespace(),
                        event.getInvolvedObject().getName(),
                        e.getCode() == 0 ? e.getMessage() : "HTTP " + e.getCode(),
                        Injector.STATUS_ANNOTATION);
            }
        }
    }
}
