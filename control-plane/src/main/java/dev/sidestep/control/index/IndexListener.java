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
     * @param nodePorts ports for which the same holds on the address of some node, or of all
     * @param surroundings whether what all clients are told of themselves may differ: zones, addresses
     */
    record Touched(Set<String> names, Set<Integer> nodePorts, boolean surroundings) {
        public Touched {
            names = Set.copyOf(names);
            nodePorts = Set.copyOf(nodePorts);
        }
    }
}
