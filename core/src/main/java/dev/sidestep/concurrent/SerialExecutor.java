package dev.sidestep.concurrent;

import java.time.Duration;
import java.util.concurrent.Executor;

/**
 * Runs the tasks of one owner one at a time, in order, and tells the time. State confined to it needs no locks.
 *
 * <p>{@link #execute} and {@link #schedule} may be called from any thread and never run the task before they return.
 */
public interface SerialExecutor extends Executor {
    /** Monotonic, as {@link System#nanoTime}: compare two readings by subtracting them. Any thread. */
    long nanoTime();

    /** Runs {@code task} once, {@code delay} from now; a negative delay is none. */
    Cancellable schedule(Duration delay, Runnable task);

    /** Whether the caller is one of this executor's own tasks. */
    boolean isCurrent();

    /** Throws unless called from one of this executor's own tasks. */
    default void checkCurrent() {
        if (!isCurrent()) {
            throw new IllegalStateException(
                    "called off its owner, from " + Thread.currentThread().getName());
        }
    }

    /** Stops a task that has not started. Any thread; more than once is harmless. */
    @FunctionalInterface
    interface Cancellable {
        void cancel();
    }
}
