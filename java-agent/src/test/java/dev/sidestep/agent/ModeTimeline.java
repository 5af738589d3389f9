package dev.sidestep.agent;

import java.util.ArrayList;
import java.util.List;

/** What came of calls over time, from the lines of an application's {@code Load}. */
final class ModeTimeline {
    private record Call(long atMillis, String answer) {}

    private final List<Call> calls;

    ModeTimeline(List<String> lines) {
        calls = lines.stream()
                .map(line -> line.split(" ", 2))
                .map(parts -> new Call(Long.parseLong(parts[0]), parts[1]))
                .toList();
    }

    int count() {
        return calls.size();
    }

    /** Those that neither a pod nor the VIP answered. */
    List<String> failed() {
        return calls.stream()
                .filter(call -> !call.answer().matches("(200 )?(pod-[0-9]+|vip)"))
                .map(call -> call.atMillis() + " " + call.answer())
                .toList();
    }

    /**
     * For each moment in {@code from}, how many milliseconds after it the last call began, before the next moment of {@code
     * until}, that was not answered by {@code whom}.
     */
    List<Long> lastOther(String whom, List<Long> from, List<Long> until) {
        List<Long> all = new ArrayList<>();
        for (long begin : from) {
            long end = until.stream().filter(it -> it > begin).findFirst().orElse(Long.MAX_VALUE);
            all.add(calls.stream()
                    .filter(call -> call.atMillis() >= begin && call.atMillis() < end)
                    .filter(call -> !call.answer().contains(whom))
                    .mapToLong(call -> call.atMillis() - begin)
                    .max()
                    .orElse(0));
        }
        return all;
    }
}
