package dev.sidestep.demo;

import java.util.List;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Predicate;

/** All that both ends of the calls have reported. For any thread. */
final class Observations {
    private final Queue<Call> calls = new ConcurrentLinkedQueue<>();
    private final Queue<Arrival> arrivals = new ConcurrentLinkedQueue<>();

    void add(Call call) {
        calls.add(call);
    }

    void add(Arrival arrival) {
        arrivals.add(arrival);
    }

    List<Call> calls(Predicate<Call> wanted) {
        return calls.stream().filter(wanted).toList();
    }

    List<Arrival> arrivals(Predicate<Arrival> wanted) {
        return arrivals.stream().filter(wanted).toList();
    }

    OptionalLong lastArrival(Predicate<Arrival> wanted) {
        return arrivals.stream().filter(wanted).mapToLong(Arrival::micros).max();
    }

    boolean anyCall(Predicate<Call> wanted) {
        return calls.stream().anyMatch(wanted);
    }
}
