package dev.sidestep.demo;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * The live view: on a terminal a panel under the story, redrawn in place; elsewhere a line every two seconds. Drawn by
 * its own thread; the story only hands it lines.
 */
final class Screen implements AutoCloseable {
    private static final long FRAME_MILLIS = 500;
    private static final int PLAIN_FRAMES = 4;

    private final PrintStream out;
    private final boolean ansi;
    private final Panel panel;
    private final long startMicros = Time.nowMicros();
    private final Queue<String> lines = new ConcurrentLinkedQueue<>();
    private final ScheduledExecutorService frames = Executors.newSingleThreadScheduledExecutor(task -> {
        var thread = new Thread(task, "screen");
        thread.setDaemon(true);
        return thread;
    });
    private volatile String title = "";
    private int drawn;
    private int frame;

    Screen(PrintStream out, boolean ansi, Panel panel) {
        this.out = out;
        this.ansi = ansi;
        this.panel = panel;
    }

    void start() {
        var unused = frames.scheduleAtFixedRate(this::draw, FRAME_MILLIS, FRAME_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** A chapter: shown as a line, and over the panel from now on. */
    void chapter(String text) {
        title = text;
        say("");
        say(bold(text));
    }

    /** Something happened. */
    void event(String text) {
        say(clock() + "  " + text);
    }

    private void say(String line) {
        lines.add(line);
    }

    private void draw() {
        try {
            var text = new StringBuilder();
            if (drawn > 0) {
                text.append("\033[").append(drawn).append("A\033[J");
                drawn = 0;
            }
            for (String line = lines.poll(); line != null; line = lines.poll()) {
                text.append(line).append('\n');
            }
            frame++;
            if (ansi && !title.isEmpty()) {
                List<String> rows = new ArrayList<>(panel.rows());
                rows.add(0, "");
                rows.forEach(row -> text.append(row).append('\n'));
                drawn = rows.size();
            } else if (!title.isEmpty() && frame % PLAIN_FRAMES == 0) {
                panel.lines()
                        .forEach(row ->
                                text.append(clock()).append("  ").append(row).append('\n'));
            }
            out.print(text);
            out.flush();
        } catch (RuntimeException e) {
            // A frame that cannot be drawn must not end the view.
            lines.add("cannot draw: " + e);
        }
    }

    private String clock() {
        long seconds = (Time.nowMicros() - startMicros) / Time.SECOND;
        return String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60);
    }

    private String bold(String text) {
        return ansi ? "\033[1m" + text + "\033[0m" : text;
    }

    /** Draws what is left and gives the terminal back, once. */
    @Override
    public synchronized void close() {
        if (frames.isShutdown()) {
            return;
        }
        frames.shutdown();
        try {
            frames.awaitTermination(1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        draw();
    }
}
