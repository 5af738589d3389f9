package dev.sidestep.control.index;

import java.util.Set;

/** Hears which names the index answers differently from before. Called as a task of the index's owner. */
@FunctionalInterface
public interface IndexListener {
    void onTouched(Touched touched);

    /**
     * What a change touched.
     *
     * @param names cluster names and {@code address:port}s whose cluster is another than before, appeared or went
     * @param surroundings whether what clients are told of themselves may differ: modes, zones, addresses
     */
    record Touched(Set<String> names, boolean surroundings) {
        public Touched {
            names = Set.copyOf(names);
        }
    }
}
