package dev.sidestep.control.drain;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.xds.DrainCap;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code GET /drained/<id>}, which the kubelet asks before it ends a container of a pod that has no sidecar. The answer is
 * always good: nothing that is wrong here may delay a pod's end or make an Event of it. For any thread.
 */
public final class DrainPage {
    private static final Logger LOG = LoggerFactory.getLogger(DrainPage.class);

    /** A random id is no longer than this. */
    private static final int LONGEST_ID = 64;

    /** Whoever reaches the port can ask for ids that are none. */
    private static final Duration BETWEEN_LINES = Duration.ofSeconds(10);

    private final SerialExecutor owner;
    private final Drains drains;
    private final AtomicLong quietUntilNanos;

    public DrainPage(SerialExecutor owner, Drains drains) {
        this.owner = owner;
        this.drains = drains;
        this.quietUntilNanos = new AtomicLong(owner.nanoTime());
    }

    /**
     * Waits until nobody calls the pod any more.
     *
     * @param id what its annotation {@code sidestep.dev/drain-id} says
     * @param query {@code cap=10s}: how long it takes at most
     * @return a line for people; completes on the owner, always, and holds no thread until then
     */
    public CompletionStage<String> drained(String id, Map<String, String> query) {
        var answer = new CompletableFuture<String>();
        Duration cap = DrainCap.parse(query.getOrDefault("cap", ""));
        owner.execute(() -> {
            try {
                begin(id, cap, answer);
            } catch (RuntimeException e) {
                LOG.error("a pod's wait failed; it ends at once", e);
                answer.complete("internal error; the control plane's log tells more\n");
            }
        });
        return answer;
    }

    private void begin(String id, Duration cap, CompletableFuture<String> answer) {
        Optional<PodName> pod = id.isEmpty() || id.length() > LONGEST_ID ? Optional.empty() : drains.podOf(id);
        if (pod.isEmpty()) {
            noteUnknown();
            answer.complete("no pod is known by this id; it may end\n");
            return;
        }
        drains.begin(pod.get(), cap, result -> answer.complete(Drains.describe(pod.get(), result) + "\n"));
    }

    private void noteUnknown() {
        long now = owner.nanoTime();
        if (now - quietUntilNanos.get() >= 0) {
            quietUntilNanos.set(now + BETWEEN_LINES.toNanos());
            // Without the id, which is as good as a key.
            LOG.warn("a pod that is not known asked whether it may end; it was told so at once");
        }
    }
}
