package dev.sidestep.balancing;

import static java.util.Objects.requireNonNull;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** The picker of each {@link PickResult.PassThrough}, and how many calls went where they were going, by reason. */
final class Fallbacks {
    private final Map<Reason, LongAdder> counts = new EnumMap<>(Reason.class);
    private final Map<PickResult.PassThrough, Picker> pickers = new EnumMap<>(PickResult.PassThrough.class);
    private final Picker pending = new FixedPicker(PickResult.Pending.PENDING, new LongAdder());

    Fallbacks() {
        for (Reason reason : Reason.values()) {
            counts.put(reason, new LongAdder());
        }
        for (PickResult.PassThrough result : PickResult.PassThrough.values()) {
            Reason reason = result.reason();
            pickers.put(result, new FixedPicker(result, reason == null ? new LongAdder() : count(reason)));
        }
    }

    Picker picker(PickResult.PassThrough result) {
        return requireNonNull(pickers.get(result));
    }

    Picker pending() {
        return pending;
    }

    LongAdder count(Reason reason) {
        return requireNonNull(counts.get(reason));
    }
}
