package dev.sidestep.balancing;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The answer to "where does a call go?" as it stands; immutable but for counters, replaced as a whole by the owner. For any
 * thread; takes no lock and allocates nothing.
 */
interface Picker {
    PickResult pick();

    /** As {@link #pick}, but not one of {@code tried} while there is any other. */
    PickResult pickAnother(List<Subchannel> tried);

    /** Whether there is an endpoint that is not one of {@code tried}; takes no turn of a round. */
    boolean hasAnother(List<Subchannel> tried);

    /** What every pick answers; null where it chooses. */
    default @Nullable PickResult fixed() {
        return null;
    }
}
