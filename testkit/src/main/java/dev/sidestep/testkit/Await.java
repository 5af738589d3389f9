package dev.sidestep.testkit;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Waits for something outside this process to come true, by asking again until a deadline. */
public final class Await {
    private static final Duration PAUSE = Duration.ofMillis(10);

    private Await() {}

    /** Something that may throw, an assertion among others. */
    @FunctionalInterface
    public interface Check {
        void run() throws Exception;
    }

    /**
     * Returns as soon as {@code condition} holds.
     *
     * @throws AssertionError naming {@code what} when it does not hold within {@code limit}
     */
    public static void until(String what, Duration limit, Callable<Boolean> condition) {
        untilPasses(what, limit, () -> {
            if (!condition.call()) {
                throw new AssertionError("not yet");
            }
        });
    }

    /** As {@link #until}, and tells how things stand when the time is up: {@code state} is asked only then. */
    public static void until(String what, Duration limit, Callable<Boolean> condition, Supplier<?> state) {
        untilPasses(what, limit, () -> {
            if (!condition.call()) {
                throw new AssertionError(String.valueOf(state.get()));
            }
        });
    }

    /** Returns the first value that {@code source} gives. */
    public static <T> T untilPresent(String what, Duration limit, Callable<Optional<T>> source) {
        long start = System.nanoTime();
        while (true) {
            Throwable last = null;
            try {
                Optional<T> value = source.call();
                if (value.isPresent()) {
                    return value.get();
                }
            } catch (Exception | AssertionError e) {
                last = e;
            }
            pauseOrFail(what, limit, start, last);
        }
    }

    /** Returns as soon as {@code check} ends without an exception; its last one is the cause of the failure. */
    public static void untilPasses(String what, Duration limit, Check check) {
        untilPresent(what, limit, () -> {
            check.run();
            return Optional.of(true);
        });
    }

    private static void pauseOrFail(String what, Duration limit, long startNanos, @Nullable Throwable last) {
        if (System.nanoTime() - startNanos > limit.toNanos()) {
            String seen = last == null ? "" : "; last seen: " + last.getMessage();
            throw new AssertionError("not within " + limit + ": " + what + seen, last);
        }
        try {
            Thread.sleep(PAUSE.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting: " + what, e);
        }
    }
}
