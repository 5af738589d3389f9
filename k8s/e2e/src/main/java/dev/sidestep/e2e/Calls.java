package dev.sidestep.e2e;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Calls in the order of their starts, and what can be said of them. */
public record Calls(List<CallRecord> all) {
    /** The promise is about any so many calls a pod. */
    private static final int CALLS_PER_POD = 100;

    private static final int EXAMPLES = 3;

    public Calls {
        all = all.stream()
                .sorted(Comparator.comparingLong(CallRecord::startMicros))
                .toList();
    }

    public Calls only(Predicate<CallRecord> wanted) {
        return new Calls(all.stream().filter(wanted).toList());
    }

    public Calls between(long fromMicros, long toMicros) {
        return only(each -> each.startMicros() >= fromMicros && each.startMicros() < toMicros);
    }

    public Calls failed() {
        return only(each -> !each.ok());
    }

    public int size() {
        return all.size();
    }

    public Map<String, Long> perPod() {
        return all.stream()
                .filter(CallRecord::ok)
                .collect(Collectors.groupingBy(CallRecord::pod, TreeMap::new, Collectors.counting()));
    }

    /**
     * The busiest pod's share over the mean, at its worst over all runs of 100 calls a pod; over all calls, if these are
     * fewer. 1 is perfect. A pod that nobody called counts in the mean.
     */
    public double maxOverMean(Collection<String> pods) {
        List<String> answered = all.stream()
                .filter(each -> each.ok() && pods.contains(each.pod()))
                .map(CallRecord::pod)
                .toList();
        int window = Math.min(CALLS_PER_POD * pods.size(), answered.size());
        if (window == 0) {
            return Double.POSITIVE_INFINITY;
        }
        Map<String, Integer> counts = new TreeMap<>();
        int worst = 0;
        for (int i = 0; i < answered.size(); i++) {
            counts.merge(answered.get(i), 1, Integer::sum);
            if (i >= window) {
                counts.merge(answered.get(i - window), -1, Integer::sum);
            }
            if (i >= window - 1) {
                worst = Math.max(
                        worst,
                        counts.values().stream()
                                .mapToInt(Integer::intValue)
                                .max()
                                .orElse(0));
            }
        }
        return (double) worst * pods.size() / window;
    }

    /** When the pod was first called with success, by the client's clock. */
    public OptionalLong firstAnswerOf(String pod) {
        return all.stream()
                .filter(each -> each.ok() && each.pod().equals(pod))
                .mapToLong(CallRecord::startMicros)
                .min();
    }

    /** "1234 calls, 5 failed: 3 x GET: EOF", with the few most frequent errors. */
    public String summary() {
        Calls failed = failed();
        if (failed.all.isEmpty()) {
            return size() + " calls, 0 failed";
        }
        Map<String, Long> errors = failed.all.stream()
                .collect(Collectors.groupingBy(
                        each -> each.kind() + ": " + generalized(each.error()), TreeMap::new, Collectors.counting()));
        return size() + " calls, " + failed.size() + " failed: "
                + errors.entrySet().stream()
                        .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                        .limit(EXAMPLES)
                        .map(each -> each.getValue() + " x " + each.getKey())
                        .collect(Collectors.joining("; "));
    }

    /** Without ports and addresses, so that equal errors look equal. */
    private static String generalized(String error) {
        String text = error.replaceAll("\\d+\\.\\d+\\.\\d+\\.\\d+", "IP").replaceAll(":\\d{4,5}\\b", ":PORT");
        return text.length() <= 120 ? text : text.substring(0, 120) + "...";
    }

    /** "a 10, b 12". */
    public static String perPod(Map<String, Long> counts) {
        return counts.entrySet().stream()
                .map(each -> each.getKey().replaceAll(".*-", "") + " " + each.getValue())
                .collect(Collectors.joining(", "));
    }

    /** The time that a share of the calls took at most, in milliseconds. */
    public double percentileMillis(double share) {
        if (all.isEmpty()) {
            return 0;
        }
        long[] times = all.stream()
                .mapToLong(each -> each.endMicros() - each.startMicros())
                .sorted()
                .toArray();
        return times[(int) Math.min(times.length - 1L, Math.round(share * times.length))] / 1000.0;
    }

    public String percentiles() {
        return String.format(Locale.ROOT, "p50 %.1f ms, p99 %.1f ms", percentileMillis(0.5), percentileMillis(0.99));
    }

    public Set<String> pods() {
        return perPod().keySet();
    }
}
