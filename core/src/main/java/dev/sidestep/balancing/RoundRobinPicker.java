package dev.sidestep.balancing;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Each in turn. The cursor belongs to the cluster and outlives the picker, so that an update does not restart the round. */
final class RoundRobinPicker implements Picker {
    private final Subchannel[] schedule;
    private final AtomicInteger cursor;

    /** @param schedule whose turn it is, in order, as {@link Schedule} makes it; not empty, never changed */
    RoundRobinPicker(Subchannel[] schedule, AtomicInteger cursor) {
        this.schedule = schedule;
        this.cursor = cursor;
    }

    @Override
    public PickResult pick() {
        return next();
    }

    @Override
    public PickResult pickAnother(List<Subchannel> tried) {
        // By the shared cursor: the tried ones lose their turn to the next, and no single one inherits their load.
        for (int i = 0; i < schedule.length; i++) {
            Subchannel candidate = next();
            if (!tried.contains(candidate)) {
                return candidate;
            }
        }
        // Others move the cursor too, so a whole round may show this caller the same endpoint again and again.
        Subchannel any = anyBut(tried);
        return any == null ? next() : any;
    }

    @Override
    public boolean hasAnother(List<Subchannel> tried) {
        return anyBut(tried) != null;
    }

    private @Nullable Subchannel anyBut(List<Subchannel> tried) {
        for (Subchannel candidate : schedule) {
            if (!tried.contains(candidate)) {
                return candidate;
            }
        }
        return null;
    }

    private Subchannel next() {
        return schedule[Math.floorMod(cursor.getAndIncrement(), schedule.length)];
    }
}
