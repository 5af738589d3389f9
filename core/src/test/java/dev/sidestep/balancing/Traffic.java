package dev.sidestep.balancing;

import dev.sidestep.concurrent.VirtualTimeExecutor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/** Calls to simulated endpoints under virtual time, retried as a data plane would. */
final class Traffic {
    /** How an endpoint behaves towards one attempt. */
    enum Behaviour {
        ANSWERS,
        FAILS,
        REFUSES,
        DROPS_PACKETS,
        RESETS,
        HANGS
    }

    private record Call(Destination destination, long start, List<Subchannel> tried) {
        boolean mayRetry(boolean unprocessed, boolean idempotent) {
            return destination.mayRetry(unprocessed, idempotent, tried.size());
        }

        PickResult another() {
            return destination.pickAnother(tried);
        }
    }

    /** An attempt that waits for its first byte. */
    private record Hanging(Call call, Subchannel subchannel, long start) {}

    /** One attempt that reached an endpoint. */
    record Attempt(long atNanos, String endpoint) {}

    private static final long CONNECT_NANOS = Duration.ofNanos(200_000).toNanos();
    private static final long CONNECT_TIMEOUT_NANOS = Duration.ofSeconds(1).toNanos();

    private final VirtualTimeExecutor owner;
    private final RandomGenerator random;
    private final Map<String, Behaviour> behaviours = new HashMap<>();
    private final List<Hanging> hanging = new ArrayList<>();
    final List<Attempt> attempts = new ArrayList<>();
    private Duration latency = Duration.ofMillis(5);
    private Duration callerTimeout = Duration.ofSeconds(30);
    int calls;
    int failed;
    int unfinished;

    Traffic(VirtualTimeExecutor owner, long seed) {
        this.owner = owner;
        random = Mesh.random(seed);
    }

    void latency(Duration latency) {
        this.latency = latency;
    }

    /** How long a caller waits for its answer. */
    void callerTimeout(Duration timeout) {
        callerTimeout = timeout;
    }

    void behave(String endpoint, Behaviour behaviour) {
        behaviours.put(endpoint, behaviour);
    }

    /** Answers all that hang, and lets the endpoint answer from now on. */
    void heal(String endpoint) {
        behaviours.remove(endpoint);
        List<Hanging> answered = List.copyOf(hanging);
        hanging.clear();
        answered.forEach(it -> answer(it.subchannel(), it.start(), Outcome.SUCCESS));
    }

    /** Moves what waits for a hung endpoint, as a data plane would, if the calls are {@code idempotent}. */
    void moveFromHung(LoadBalancer balancer, boolean idempotent) {
        balancer.onHung(subchannel -> List.copyOf(hanging).stream()
                .filter(it -> it.subchannel() == subchannel)
                .filter(it -> it.call().mayRetry(false, idempotent))
                .forEach(it -> {
                    hanging.remove(it);
                    subchannel.ended(Outcome.TIMEOUT, false, owner.nanoTime() - it.start());
                    attempt(it.call(), it.call().another());
                }));
    }

    /** Makes calls at an even pace. */
    void run(Destination destination, int perSecond, Duration duration) {
        long gap = 1_000_000_000L / perSecond;
        for (long spent = 0; spent < duration.toNanos(); spent += gap) {
            owner.run(() -> call(destination));
            owner.advance(Duration.ofNanos(gap));
        }
    }

    void call(Destination destination) {
        calls++;
        unfinished++;
        attempt(new Call(destination, owner.nanoTime(), new ArrayList<>()), destination.pick());
    }

    private void attempt(Call call, PickResult picked) {
        if (!(picked instanceof Subchannel subchannel)) {
            fail();
            return;
        }
        long start = owner.nanoTime();
        String endpoint = subchannel.toString();
        attempts.add(new Attempt(start, endpoint));
        subchannel.started(start);
        call.tried().add(subchannel);
        switch (behaviours.getOrDefault(endpoint, Behaviour.ANSWERS)) {
            case ANSWERS -> after(answerNanos(), () -> answer(subchannel, start, Outcome.SUCCESS));
            case FAILS -> after(answerNanos(), () -> answerBadly(call, subchannel, start));
            case REFUSES -> after(CONNECT_NANOS, () -> lose(call, subchannel, start, Outcome.CONNECT_FAILED));
            case DROPS_PACKETS ->
                after(CONNECT_TIMEOUT_NANOS, () -> lose(call, subchannel, start, Outcome.CONNECT_TIMEOUT));
            case RESETS -> after(CONNECT_NANOS, () -> lose(call, subchannel, start, Outcome.RESET));
            case HANGS -> hang(new Hanging(call, subchannel, start));
        }
    }

    private void hang(Hanging attempt) {
        hanging.add(attempt);
        after(attempt.call().start() + callerTimeout.toNanos() - owner.nanoTime(), () -> {
            if (hanging.remove(attempt)) {
                attempt.subchannel().ended(Outcome.TIMEOUT, false, owner.nanoTime() - attempt.start());
                fail();
            }
        });
    }

    private void answer(Subchannel subchannel, long start, Outcome outcome) {
        long now = owner.nanoTime();
        subchannel.firstByte(now);
        subchannel.ended(outcome, true, now - start);
        unfinished--;
        if (outcome != Outcome.SUCCESS) {
            failed++;
        }
    }

    /** Answers 503, and the call is made again where it may be. */
    private void answerBadly(Call call, Subchannel subchannel, long start) {
        if (call.destination().hasAnother(call.tried())
                && call.destination().mayRetryAnswer(503, -1, call.tried().size())) {
            subchannel.firstByte(owner.nanoTime());
            subchannel.ended(Outcome.SERVER_ERROR, true, owner.nanoTime() - start);
            attempt(call, call.another());
        } else {
            answer(subchannel, start, Outcome.SERVER_ERROR);
        }
    }

    private void lose(Call call, Subchannel subchannel, long start, Outcome outcome) {
        subchannel.ended(outcome, false, owner.nanoTime() - start);
        if (call.mayRetry(outcome != Outcome.RESET, true)) {
            attempt(call, call.another());
        } else {
            fail();
        }
    }

    private void fail() {
        failed++;
        unfinished--;
    }

    private long answerNanos() {
        return (long) (latency.toNanos() * (0.5 + random.nextDouble()));
    }

    private void after(long nanos, Runnable task) {
        owner.schedule(Duration.ofNanos(nanos), task);
    }

    /** How many attempts reached {@code endpoint} from {@code from} until {@code until}, counted from now zero. */
    long attempts(String endpoint, long fromNanos, long untilNanos) {
        return attempts.stream()
                .filter(attempt -> attempt.endpoint().equals(endpoint))
                .filter(attempt -> attempt.atNanos() >= fromNanos && attempt.atNanos() < untilNanos)
                .count();
    }

    /** The largest share of any endpoint over the mean of {@code endpoints}, among the attempts since {@code fromNanos}. */
    double unevenness(int endpoints, long fromNanos) {
        Map<String, Integer> counts = new HashMap<>();
        long all = attempts.stream()
                .filter(attempt -> attempt.atNanos() >= fromNanos)
                .peek(attempt -> counts.merge(attempt.endpoint(), 1, Integer::sum))
                .count();
        int max = counts.values().stream().mapToInt(Integer::intValue).max().orElse(0);
        return max * (double) endpoints / all;
    }
}
