package dev.sidestep.demo;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/** How evenly calls fell on pods. */
final class Evenness {
    /** The promise is about any so many calls a pod; of fewer, a single call more would be too much of a share. */
    private static final int CALLS_PER_POD = 100;

    private final Observations observations;

    Evenness(Observations observations) {
        this.observations = observations;
    }

    /**
     * How even one client's calls of one kind were.
     *
     * @param maxOverMean the busiest pod's count over the mean: 1 is perfect; infinite if there was no call at all
     * @param of where it was seen
     */
    record Ratio(double maxOverMean, String of) {}

    /** Answered calls for each pod; those that should have had some and had none are there with 0. */
    Map<String, Long> perPod(Window window, Predicate<Call> wanted) {
        Map<String, Long> counts = new TreeMap<>();
        window.pods().forEach(pod -> counts.put(pod, 0L));
        observations
                .calls(call -> call.ok() && window.holds(call) && wanted.test(call))
                .forEach(call -> counts.merge(call.pod(), 1L, Long::sum));
        return counts;
    }

    static double maxOverMean(Map<String, Long> perPod) {
        long total = total(perPod);
        long max = perPod.values().stream().mapToLong(Long::longValue).max().orElse(0);
        return total == 0 ? Double.POSITIVE_INFINITY : (double) max * perPod.size() / total;
    }

    /** The worst, over clients and over the two kinds of picker, HTTP's and gRPC's. */
    Ratio worst(List<Window> windows) {
        var worst = new Ratio(windows.isEmpty() ? Double.POSITIVE_INFINITY : 0, "nothing");
        for (List<Window> each : byClientAndPods(windows)) {
            for (boolean http : List.of(true, false)) {
                Ratio ratio = worst(each, http);
                worst = ratio.maxOverMean() > worst.maxOverMean() ? ratio : worst;
            }
        }
        return worst;
    }

    private static List<List<Window>> byClientAndPods(List<Window> windows) {
        Map<String, List<Window>> groups = new TreeMap<>();
        windows.forEach(window -> groups.computeIfAbsent(window.client() + window.pods(), key -> new ArrayList<>())
                .add(window));
        return List.copyOf(groups.values());
    }

    /** Of windows in order: each by itself if it has calls enough, else together with the next. */
    private Ratio worst(List<Window> windows, boolean http) {
        var worst = new Ratio(0, "nothing");
        Map<String, Long> counts = new HashMap<>();
        for (int i = 0; i < windows.size(); i++) {
            Window window = windows.get(i);
            perPod(window, call -> call.kind().isHttp() == http)
                    .forEach((pod, count) -> counts.merge(pod, count, Long::sum));
            boolean enough = total(counts) >= (long) CALLS_PER_POD * counts.size();
            if (enough || (i == windows.size() - 1 && worst.maxOverMean() == 0)) {
                double ratio = maxOverMean(counts);
                if (ratio > worst.maxOverMean()) {
                    worst = new Ratio(
                            ratio,
                            String.format(
                                    Locale.ROOT,
                                    "%s, %s, until the end of \"%s\": %s",
                                    window.client(),
                                    http ? "HTTP" : "gRPC",
                                    window.name(),
                                    new TreeMap<>(counts)));
                }
                counts.clear();
            }
        }
        return worst;
    }

    private static long total(Map<String, Long> perPod) {
        return perPod.values().stream().mapToLong(Long::longValue).sum();
    }
}
