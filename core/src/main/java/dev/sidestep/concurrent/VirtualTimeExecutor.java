package dev.sidestep.concurrent;

import java.time.Duration;
import java.util.Comparator;
import java.util.PriorityQueue;

/**
 * A {@link SerialExecutor} whose time passes only when it is told to, for tests and simulations. One thread uses it; it
 * never uses a second.
 */
public final class VirtualTimeExecutor implements SerialExecutor {
    private record Task(long dueNanos, long sequence, Runnable body) {}

    private final PriorityQueue<Task> tasks =
            new PriorityQueue<>(Comparator.comparingLong(Task::dueNanos).thenComparingLong(Task::sequence));
    private long nowNanos;
    private long submitted;
    private boolean running;

    @Override
    public long nanoTime() {
        return nowNanos;
    }

    @Override
    public void execute(Runnable task) {
        schedule(Duration.ZERO, task);
    }

    @Override
    public Cancellable schedule(Duration delay, Runnable body) {
        var task = new Task(nowNanos + Math.max(0, delay.toNanos()), submitted++, body);
        tasks.add(task);
        return () -> tasks.remove(task);
    }

    @Override
    public boolean isCurrent() {
        return running;
    }

    /** Lets {@code duration} pass, running each task at the moment it falls due; zero runs what is due now. */
    public void advance(Duration duration) {
        long until = nowNanos + duration.toNanos();
        while (!tasks.isEmpty() && tasks.element().dueNanos() <= until) {
            Task next = tasks.remove();
            nowNanos = next.dueNanos();
            run(next.body());
        }
        nowNanos = until;
    }

    /** Runs {@code body} at once, as one of the owner's tasks. */
    public void run(Runnable body) {
        boolean nested = running;
        running = true;
        try {
            body.run();
        } finally {
            running = nested;
        }
    }
}
