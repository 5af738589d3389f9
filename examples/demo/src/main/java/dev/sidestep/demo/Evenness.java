package dev.sidestep.demo;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/** How evenly calls fell on pods. */
final class Evenness {
    private Evenness() {}

    /** Answered calls for each pod; those that should have had some and had none are there with 0. */
    static Map<String, Long> perPod(Observations observations, Window window, Predicate<Call> wanted) {
        Map<String, Long> counts = new TreeMap<>();
        window.pods().forEach(pod -> counts.put(pod, 0L));
        observations
                .calls(call -> call.ok() && window.holds(call) && wanted.test(call))
                .forEach(call -> counts.merge(call.pod(), 1L, Long::sum));
        return counts;
    }

    /** The busiest pod's count over the mean: 1 is perfect. Without calls it is infinite: nothing was shown. */
    static double maxOverMean(Map<String, Long> perPod) {
        long total = perPod.values().stream().mapToLong(Long::longValue).sum();
        long max = perPod.values().stream().mapToLong(Long::longValue).max().orElse(0);
        return total == 0 ? Double.POSITIVE_INFINITY : (double) max * perPod.size() / total;
    }

    /** The worst over windows and over the two kinds of picker, HTTP's and gRPC's. */
    static double worst(Observations observations, List<Window> windows) {
        return windows.stream()
                .flatMap(window ->
                        List.<Predicate<Call>>of(
                                        call -> call.kind().isHttp(),
                                        call -> !call.kind().isHttp())
                                .stream()
                                .map(kind -> maxOverMean(perPod(observations, window, kind))))
                .mapToDouble(Double::doubleValue)
                .max()
                .orElse(Double.POSITIVE_INFINITY);
    }
}
