package dev.sidestep.control.bypass;

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

/**
 * Makes an Event of what passed a sidecar by: one for each workload in an hour, however many pods it has, and a few a
 * minute in all. Confined to {@code owner}.
 */
public final class BypassEvents {
    private static final Logger LOG = LoggerFactory.getLogger(BypassEvents.class);

    private static final Duration QUIET = Duration.ofHours(1);
    private static final int MOST_REMEMBERED = 1_000;
    private static final int BURST = 20;
    private static final Duration EARNED_EVERY = Duration.ofSeconds(5);
    private static final int LONGEST_NAME = 200;
    private static final int LONGEST_NOTE = 1_000;

    private final SerialExecutor owner;
    private final KubernetesClient client;
    private final Executor writer;
    private final InstantSource clock;
    private final Map<String, Long> toldNanos = new LinkedHashMap<>(); // The longest ago first.
    private long allowance = BURST;
    private long earnedNanos;

    /** @param writer asks the API server; may block, and rejects what is too much */
    public BypassEvents(SerialExecutor owner, KubernetesClient client, Executor writer, InstantSource clock) {
        this.owner = owner;
        this.client = client;
        this.writer = writer;
        this.clock = clock;
        earnedNanos = owner.nanoTime();
    }

    void onFinding(Finding finding) {
        owner.checkCurrent();
        String workload = finding.namespace() + "/"
                + finding.known()
                        .flatMap(pod -> pod.owner())
                        .map(it -> it.kind() + "/" + it.name())
                        .orElse("Pod/" + finding.pod());
        if (!isNews(workload)) {
            return;
        }
        if (!isAffordable()) {
            toldNanos.remove(workload); // The next report tries again.
            return;
        }
        LOG.info("{}/{}: {}", finding.namespace(), finding.pod(), finding.text());
        Event event = event(finding);
        try {
            writer.execute(() -> create(event));
        } catch (RejectedExecutionException tooMany) {
            toldNanos.remove(workload); // The next report tries again.
        }
    }

    private boolean isNews(String workload) {
        long now = owner.nanoTime();
        Long told = toldNanos.get(workload);
        if (told != null && now - told < QUIET.toNanos()) {
            return false;
        }
        toldNanos.remove(workload);
        toldNanos.put(workload, now);
        if (toldNanos.size() > MOST_REMEMBERED) {
            toldNanos.remove(toldNanos.keySet().iterator().next());
        }
        return true;
    }

    private boolean isAffordable() {
        long earned = (owner.nanoTime() - earnedNanos) / EARNED_EVERY.toNanos();
        earnedNanos += earned * EARNED_EVERY.toNanos();
        allowance = Math.min(BURST, allowance + earned);
        if (allowance == 0) {
            return false;
        }
        allowance--;
        return true;
    }

    private Event event(Finding finding) {
        String now = Instant.ofEpochMilli(clock.millis())
                .truncatedTo(ChronoUnit.SECONDS)
                .toString();
        String pod = finding.pod();
        String text = finding.text();
        return new EventBuilder()
                .withNewMetadata()
                .withGenerateName(
                        (pod.length() > LONGEST_NAME ? pod.substring(0, LONGEST_NAME) : pod) + ".sidestep-bypass-")
                .withNamespace(finding.namespace())
                .endMetadata()
                .withNewInvolvedObject()
                .withApiVersion("v1")
                .withKind("Pod")
                .withName(pod)
                .withNamespace(finding.namespace())
                .withUid(finding.known().map(it -> it.uid()).orElse(null))
                .endInvolvedObject()
                .withType("Warning")
                .withReason("NotIntercepted")
                .withMessage(text.length() > LONGEST_NOTE ? text.substring(0, LONGEST_NOTE) : text)
                .withNewSource()
                .withComponent("sidestep")
                .endSource()
                .withFirstTimestamp(now)
                .withLastTimestamp(now)
                .withCount(1)
                .build();
    }

    private static void warnAbout(Event event, KubernetesClientException e) {
        LOG.info(
                "no Event for pod {}/{} ({}); its metric sidestep_not_intercepted says the same",
                event.getMetadata().getNamespace(),
                event.getInvolvedObject().getName(),
                e.getCode() == 0 ? e.getMessage() : "HTTP " + e.getCode());
    }

    private void create(Event event) {
        try {
            client.v1()
                    .events()
                    .inNamespace(event.getMetadata().getNamespace())
                    .resource(event)
                    .create();
        } catch (KubernetesClientException e) {
            warnAbout(event, e);
        }
    }
}
