package dev.sidestep.balancing;

import java.util.List;

/** As another picker, but for the calls that find out whether an endpoint that is left alone is well again. */
final class ProbingPicker implements Picker {
    private final Picker rest;
    private final TrackedSubchannel[] probed;

    ProbingPicker(Picker rest, TrackedSubchannel[] probed) {
        this.rest = rest;
        this.probed = probed;
    }

    @Override
    public PickResult pick() {
        for (TrackedSubchannel subchannel : probed) {
            if (subchannel.takeProbe()) {
                return subchannel;
            }
        }
        return rest.pick();
    }

    /** A call that has failed once is not the one to take the risk. */
    @Override
    public PickResult pickAnother(List<Subchannel> tried) {
        return rest.pickAnother(tried);
    }

    @Override
    public boolean hasAnother(List<Subchannel> tried) {
        return rest.hasAnother(tried);
    }
}
