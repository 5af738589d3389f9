package dev.sidestep.agent.app;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Calls at a steady rate, whatever becomes of them: {@code load} a second until {@code stop}. */
final class Load {
    private static final int THREADS = 16;

    private volatile boolean stopped;

    /** No further calls. */
    void stop() {
        stopped = true;
    }

    /** A line for each call: when it began, in milliseconds of the epoch, and what came of it. */
    List<String> run(Map<String, String> query, Callable<String> call) {
        long perSecond = Long.parseLong(query.getOrDefault("load", "100"));
        List<String> lines = new CopyOnWriteArrayList<>();
        ScheduledExecutorService threads = Executors.newScheduledThreadPool(THREADS);
        List<Future<?>> running = new ArrayList<>();
        try {
            for (int i = 0; i < THREADS; i++) {
                List<String> mine = new ArrayList<>();
                long everyNanos = TimeUnit.SECONDS.toNanos(THREADS) / perSecond;
                running.add(threads.schedule(
                        () -> {
                            long next = System.nanoTime();
                            while (!stopped) {
                                long at = System.currentTimeMillis();
                                mine.add(at + " " + call.call());
                                next += everyNanos;
                                TimeUnit.NANOSECONDS.sleep(Math.max(0, next - System.nanoTime()));
                            }
                            lines.addAll(mine);
                            return null;
                        },
                        everyNanos * i / THREADS,
                        TimeUnit.NANOSECONDS));
            }
            for (Future<?> each : running) {
                each.get();
            }
        } catch (Exception e) {
            lines.add("0 " + e);
        } finally {
            threads.shutdownNow();
        }
        return lines;
    }
}
