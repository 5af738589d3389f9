package dev.sidestep.balancing;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Each in turn. */
final class RoundRobinPicker implements Picker {
    private final Subchannel[] schedule;
    private final Cursor cursor;

    /** @param schedule whose turn it is, in order, as {@link Schedule} makes it; not empty, never changed */
    RoundRobinPicker(Subchannel[] schedule, Cursor cursor) {
        this.schedule = schedule;
        this.cursor = cursor;
    }

    @Override
    public PickResult pick() {
        return turn(cursor.next());
    }

    @Override
    public PickResult pickAnother(List<Subchannel> tried) {
        // By the shared cursor: the tried ones lose their turn to the next, and no single one inherits their load.
        for (int i = 0; i < schedule.length; i++) {
            Subchannel candidate = turn(cursor.nextForRetry());
            if (!tried.contains(candidate)) {
                return candidate;
            }
        }
        // Others move the cursor too, so a whole round may show this caller the same endpoint again and again.
        Subchannel any = anyBut(tried);
        return any == null ? turn(cursor.nextForRetry()) : any;
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

    private Subchannel turn(int turn) {
        return schedule[Math.floorMod(turn, schedule.length)];
    }
}
