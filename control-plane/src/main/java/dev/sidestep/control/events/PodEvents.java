package dev.sidestep.control.events;

import dev.sidestep.concurrent.SerialExecutor;
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
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes Events: one about each subject in a while, and a few at once in all. Confined to {@code owner}. */
public final class PodEvents {
    private static final Logger LOG = LoggerFactory.getLogger(PodEvents.class);

    private static final int MOST_REMEMBERED = 1_000;
    private static final int CONFLICT = 409;
    private static final int LONGEST_NAME = 200;
    private static final int LONGEST_NOTE = 1_000;

    /**
     * How many there may be.
     *
     * @param quiet from one Event about a subject to the next
     * @param burst so many at once about all subjects, and one more each {@code earnedEvery}
     * @param otherwise where people read the same when an Event could not be made; the rest of a sentence
     */
    public record Manner(Duration quiet, int burst, Duration earnedEvery, String otherwise) {}

    private final SerialExecutor owner;
    private final KubernetesClient client;
    private final Executor writer;
    private final InstantSource clock;
    private final Manner manner;
    private final Map<String, Long> toldNanos = new LinkedHashMap<>(); // The longest ago first.
    private long tokens;
    private long earnedNanos;

    /** @param writer asks the API server; may block, and rejects or drops what is too much */
    public PodEvents(
            SerialExecutor owner, KubernetesClient client, Executor writer, InstantSource clock, Manner manner) {
        this.owner = owner;
        this.client = client;
        this.writer = writer;
        this.clock = clock;
        this.manner = manner;
        tokens = manner.burst();
        earnedNanos = owner.nanoTime();
    }

    /** Makes an Event of it, unless one was made a short while ago or there are too many; then its next like may be told. */
    public void tell(Story story) {
        owner.checkCurrent();
        if (!isNews(story.about()) || !isAffordable()) {
            return;
        }
        remember(story.about());
        LOG.info("{}/{}: {}", story.namespace(), story.pod(), story.text());
        Event event = event(story);
        try {
            writer.execute(() -> create(event));
        } catch (RejectedExecutionException tooMany) {
            toldNanos.remove(story.about());
        }
    }

    private boolean isNews(String about) {
        Long told = toldNanos.get(about);
        return told == null || owner.nanoTime() - told >= manner.quiet().toNanos();
    }

    private void remember(String about) {
        toldNanos.remove(about);
        toldNanos.put(about, owner.nanoTime());
        if (toldNanos.size() > MOST_REMEMBERED) {
            toldNanos.remove(toldNanos.keySet().iterator().next());
        }
    }

    private boolean isAffordable() {
        long every = manner.earnedEvery().toNanos();
        long earned = (owner.nanoTime() - earnedNanos) / every;
        earnedNanos += earned * every;
        tokens = Math.min(manner.burst(), tokens + earned);
        if (tokens == 0) {
            return false;
        }
        tokens--;
        return true;
    }

    private Event event(Story story) {
        String now = Instant.ofEpochMilli(clock.millis())
                .truncatedTo(ChronoUnit.SECONDS)
                .toString();
        String prefix = start(story.pod(), LONGEST_NAME) + ".sidestep-";
        return new EventBuilder()
                .withNewMetadata()
                .withName(story.name().map(prefix::concat).orElse(null))
                .withGenerateName(story.name().isEmpty() ? prefix : null)
                .withNamespace(story.namespace())
                .endMetadata()
                .withNewInvolvedObject()
                .withApiVersion("v1")
                .withKind("Pod")
                .withName(story.pod())
                .withNamespace(story.namespace())
                .withUid(story.uid().orElse(null))
                .endInvolvedObject()
                .withType(story.warning() ? "Warning" : "Normal")
                .withReason(story.reason())
                .withMessage(start(story.text(), LONGEST_NOTE))
                .withNewSource()
                .withComponent("sidestep")
                .endSource()
                .withFirstTimestamp(now)
                .withLastTimestamp(now)
                .withCount(1)
                .build();
    }

    private static String start(String text, int longest) {
        return text.length() > longest ? text.substring(0, longest) : text;
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
                        "no Event for pod {}/{} ({}); {}",
                        event.getMetadata().getNamespace(),
                        event.getInvolvedObject().getName(),
                        e.getCode() == 0 ? e.getMessage() : "HTTP " + e.getCode(),
                        manner.otherwise());
            }
        }
    }
}
