package dev.sidestep.demo;

import java.util.List;
import java.util.OptionalLong;

/** When a failing pod was left alone: after the last attempt at it that was not a lone probe. */
final class LeftAlone {
    /** Judgement sends one call to see whether a pod is back, and waits at least this long before the next. */
    private static final long PROBE_GAP = 400_000;

    private LeftAlone() {}

    /** Empty if no attempt was seen at all. */
    static OptionalLong lastBefore(List<Long> attemptMicros) {
        List<Long> sorted = attemptMicros.stream().sorted().toList();
        OptionalLong last = OptionalLong.empty();
        for (int i = 0; i < sorted.size(); i++) {
            if (i == 0 || sorted.get(i) - sorted.get(i - 1) < PROBE_GAP) {
                last = OptionalLong.of(sorted.get(i));
            }
        }
        return last;
    }
}
