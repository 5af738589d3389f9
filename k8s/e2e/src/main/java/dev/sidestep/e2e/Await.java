package dev.sidestep.e2e;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/** Waits for something in the cluster to come true, by asking again until a deadline. */
public final class Await {
    private static final Duration PAUSE = Duration.ofMillis(100);

    private Await() {}

    /**
     * Returns as soon as {@code condition} holds.
     *
     * @throws ClusterException naming {@code what} when it does not hold within {@code limit}
     */
    public static void until(String what, Duration limit, Callable<Boolean> condition) {
        var unused = untilPresent(what, limit, () -> condition.call() ? Optional.of(true) : Optional.empty());
    }

    /** Returns the first value that {@code source} gives. An exception of it counts as "not yet". */
    public static <T> T untilPresent(String what, Duration limit, Callable<Optional<T>> source) {
        long start = System.nanoTime();
        while (true) {
            Exception last = null;
            try {
                Optional<T> value = source.call();
                if (value.isPresent()) {
                    return value.get();
                }
            } catch (Exception e) {
                last = e;
            }
            if (System.nanoTime() - start > limit.toNanos()) {
                throw tooLate(what, limit, last);
            }
            pause(PAUSE);
        }
    }

    private static ClusterException tooLate(String what, Duration limit, @Nullable Exception last) {
        String seen = last == null ? "" : "; last seen: " + last.getMessage();
        return new ClusterException("not within " + limit.toSeconds() + " s: " + what + seen, last);
    }

    /** Lets time pass that a scenario is made of, such as the seconds that a load runs. */
    public static void pause(Duration time) {
        try {
            Thread.sleep(time.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ClusterException("interrupted", e);
        }
    }
}
