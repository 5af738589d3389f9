package dev.sidestep.interop.clients;

import java.util.Map;
import java.util.TreeMap;

/** How many answers came from whom. Used by one thread. */
final class Tally {
    private final Map<String, Integer> counts = new TreeMap<>();

    void add(String name) {
        counts.merge(name, 1, Integer::sum);
    }

    Map<String, Integer> counts() {
        return counts;
    }

    /** The largest share in mean shares: 1 is even. */
    double maxToMean() {
        return Tally.maxToMean(counts);
    }

    static double maxToMean(Map<String, Integer> counts) {
        int max = counts.values().stream().mapToInt(Integer::intValue).max().orElse(0);
        double mean =
                counts.values().stream().mapToInt(Integer::intValue).average().orElse(1);
        return max / mean;
    }
}
