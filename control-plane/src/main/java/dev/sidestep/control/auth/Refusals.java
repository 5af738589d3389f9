package dev.sidestep.control.auth;

import dev.sidestep.concurrent.SerialExecutor;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who was turned away and why: each is counted, the last of a kind is kept, and one in a while is logged, so that a client
 * that tries all day long fills no disk. Confined to {@code owner}.
 */
public final class Refusals {
    /**
     * All that were turned away for one reason, for {@code /status}.
     *
     * @param reason see {@link Refusal#label}
     * @param count since the start
     * @param secondsAgo when the last one was
     * @param last what the last one was told, and where it came from
     */
    public record Report(String reason, long count, long secondsAgo, String last) {}

    private static final Logger LOG = LoggerFactory.getLogger(Refusals.class);

    /** From one line about a reason to the next. */
    static final Duration QUIET = Duration.ofSeconds(30);

    private static final class Kind {
        final Counter counter;
        long count;
        long unsaid;
        boolean said;
        long saidNanos;
        long lastNanos;
        String last = "";

        Kind(Counter counter) {
            this.counter = counter;
        }
    }

    private final SerialExecutor owner;
    private final Map<Refusal, Kind> kinds = new EnumMap<>(Refusal.class);

    public Refusals(SerialExecutor owner, MeterRegistry registry) {
        this.owner = owner;
        for (Refusal refusal : Refusal.values()) {
            kinds.put(
                    refusal,
                    new Kind(Counter.builder("sidestep.xds.refused")
                            .description("Streams that were turned away")
                            .tag("reason", refusal.label())
                            .register(registry)));
        }
    }

    /** Counts one, from {@code peer}, who was told {@code explanation}. */
    public void add(Refusal refusal, String peer, String explanation) {
        owner.checkCurrent();
        Kind kind = kinds.get(refusal);
        if (kind == null) {
            return; // There is one for each.
        }
        long now = owner.nanoTime();
        kind.counter.increment();
        kind.count++;
        kind.lastNanos = now;
        kind.last = peer + ": " + explanation;
        if (kind.said && now - kind.saidNanos < QUIET.toNanos()) {
            kind.unsaid++;
            return;
        }
        String more = kind.unsaid == 0 ? "" : " (and " + kind.unsaid + " more since the last line)";
        LOG.warn("turned away {}{}", kind.last, more);
        kind.said = true;
        kind.saidNanos = now;
        kind.unsaid = 0;
    }

    /** Those reasons that there were. */
    public List<Report> report() {
        owner.checkCurrent();
        long now = owner.nanoTime();
        return kinds.entrySet().stream()
                .filter(entry -> entry.getValue().count > 0)
                .map(entry -> new Report(
                        entry.getKey().label(),
                        entry.getValue().count,
                        Duration.ofNanos(now - entry.getValue().lastNanos).toSeconds(),
                        entry.getValue().last))
                .toList();
    }
}
