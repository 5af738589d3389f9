package dev.sidestep.balancing;

import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * {@code sessionAffinity: ClientIP}: the same endpoint again until nothing was picked for the timeout, or it may not be used
 * any more. The client is the pod, so there is one choice for each Service and process, whatever connection a call is on.
 */
final class StickyPicker implements Picker {
    /** Replaced as one, so that a choice and its time belong together; not replaced where only time goes on. */
    private static final class Choice {
        private final Subchannel subchannel;
        private volatile long usedNanos;

        Choice(Subchannel subchannel, long usedNanos) {
            this.subchannel = subchannel;
            this.usedNanos = usedNanos;
        }
    }

    private final Picker rest;
    private final long timeoutNanos;
    private final LongSupplier clock;
    private volatile @Nullable Choice choice;

    /**
     * Makes the first choice of its own.
     *
     * @param rest who else may be picked, and how
     * @param clock the owner's, from any thread
     */
    StickyPicker(Picker rest, long timeoutNanos, LongSupplier clock) {
        this.rest = rest;
        this.timeoutNanos = timeoutNanos;
        this.clock = clock;
    }

    /** Keeps the choice of {@code before}, if it is still one to use. Before this is published. */
    void goOnFrom(StickyPicker before, Predicate<Subchannel> usable) {
        Choice last = before.choice;
        choice = last != null && usable.test(last.subchannel) ? last : null;
    }

    @Override
    public PickResult pick() {
        long now = clock.getAsLong();
        Choice last = choice;
        if (last != null && now - last.usedNanos < timeoutNanos) {
            last.usedNanos = now;
            return last.subchannel;
        }
        PickResult result = rest.pick();
        if (result instanceof Subchannel subchannel) {
            choice = new Choice(subchannel, now); // Of two threads that choose at once, the later one's holds.
        }
        return result;
    }

    @Override
    public PickResult pickAnother(List<Subchannel> tried) {
        return rest.pickAnother(tried);
    }

    @Override
    public boolean hasAnother(List<Subchannel> tried) {
        return rest.hasAnother(tried);
    }
}
