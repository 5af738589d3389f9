package dev.sidestep.discovery;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryResponse;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * Refuses answers, ever more slowly while the server answers a refusal with the same again: one that does so without
 * thinking would else be kept spinning with us (16,000 times in 5 s were seen). Confined to {@code owner}.
 */
final class Refusals {
    private static final Duration FIRST_DELAY = Duration.ofSeconds(1);
    private static final Duration LONGEST_DELAY = Duration.ofSeconds(30);

    /** What has not been seen for this long is no loop. */
    private static final Duration FORGOTTEN = Duration.ofSeconds(60);

    private static final int MAX_SEEN = 1000;

    private record Seen(int times, long atNanos) {}

    private final SerialExecutor owner;
    private final Map<String, Seen> seen = new HashMap<>();
    private final Map<String, SerialExecutor.Cancellable> waiting = new HashMap<>();

    Refusals(SerialExecutor owner) {
        this.owner = owner;
    }

    /** Whether it was refused before, for the same reason, and therefore is not refused yet. */
    boolean refuse(AdsStream stream, DeltaDiscoveryResponse response, String reason) {
        owner.checkCurrent();
        long now = owner.nanoTime();
        seen.values().removeIf(it -> now - it.atNanos() > FORGOTTEN.toNanos());
        if (seen.size() >= MAX_SEEN) {
            seen.clear();
        }
        int times = seen.containsKey(reason) ? seen.get(reason).times() + 1 : 0;
        seen.put(reason, new Seen(times, now));
        // Only the latest nonce of a type counts, so one that still waits need not be answered at all.
        var earlier = waiting.remove(response.getTypeUrl());
        if (earlier != null) {
            earlier.cancel();
        }
        if (times == 0) {
            stream.refuse(response, reason);
            return false;
        }
        Duration delay = FIRST_DELAY.multipliedBy(1L << Math.min(times - 1, 10));
        waiting.put(
                response.getTypeUrl(),
                owner.schedule(delay.compareTo(LONGEST_DELAY) < 0 ? delay : LONGEST_DELAY, () -> {
                    waiting.remove(response.getTypeUrl());
                    stream.refuse(response, reason);
                }));
        return true;
    }

    /** The stream is gone, and with it those that wait to be refused on it. Their reasons are remembered. */
    void streamClosed() {
        owner.checkCurrent();
        waiting.values().forEach(SerialExecutor.Cancellable::cancel);
        waiting.clear();
    }
}
