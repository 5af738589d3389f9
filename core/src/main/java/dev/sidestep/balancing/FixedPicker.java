package dev.sidestep.balancing;

import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/** One answer for all: nothing to choose from, or nothing to choose. */
final class FixedPicker implements Picker {
    private final PickResult result;
    private final LongAdder picks;

    /** @param picks counts what {@link #pick} answers */
    FixedPicker(PickResult result, LongAdder picks) {
        this.result = result;
        this.picks = picks;
    }

    PickResult result() {
        return result;
    }

    @Override
    public PickResult pick() {
        picks.increment();
        return result;
    }

    @Override
    public PickResult fixed() {
        return result;
    }

    @Override
    public PickResult pickAnother(List<Subchannel> tried) {
        return result;
    }

    @Override
    public boolean hasAnother(List<Subchannel> tried) {
        return false;
    }
}
