package dev.sidestep.testkit;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * A program under test, with its output (stdout and stderr as one) kept line by line. It dies with this JVM at the
 * latest. Used by one test thread; a thread of its own reads the output.
 */
public final class ChildProcess implements AutoCloseable {
    /** Its children may hold the pipe for longer than it lives. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(2);

    private static final Duration GRACE = Duration.ofSeconds(10);

    private final String name;
    private final Process process;
    private final List<String> lines = new ArrayList<>();
    private final Thread reader;
    private final Thread atExit;

    private ChildProcess(String name, Process process) {
        this.name = name;
        this.process = process;
        this.reader = new Thread(this::readLines, "output of " + name);
        this.atExit = new Thread(() -> destroyTree(process.toHandle()));
    }

    /** Starts {@code command} in the current folder, with this JVM's environment. */
    public static ChildProcess start(String name, List<String> command) {
        return start(name, command, Map.of(), Path.of(""));
    }

    /**
     * Starts {@code command}.
     *
     * @param name what messages call it
     * @param environment added to this JVM's; an empty value removes the variable
     */
    public static ChildProcess start(String name, List<String> command, Map<String, String> environment, Path folder) {
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toAbsolutePath().toFile())
                .redirectErrorStream(true);
        environment.forEach((variable, value) -> {
            if (value.isEmpty()) {
                builder.environment().remove(variable);
            } else {
                builder.environment().put(variable, value);
            }
        });
        try {
            ChildProcess child = new ChildProcess(name, builder.start());
            child.watch();
            return child;
        } catch (IOException e) {
            throw new UncheckedIOException(name + " does not start: " + command, e);
        }
    }

    private void watch() {
        Runtime.getRuntime().addShutdownHook(atExit);
        reader.setDaemon(true);
        reader.start();
    }

    private void readLines() {
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                synchronized (lines) {
                    lines.add(line);
                }
            }
        } catch (IOException closedUnderUs) {
            // The process is gone; what it said is kept.
        }
    }

    public long pid() {
        return process.pid();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** All that was printed so far. */
    public List<String> output() {
        synchronized (lines) {
            return List.copyOf(lines);
        }
    }

    /** Waits for a line that contains {@code text} and returns it; also finds one printed earlier. */
    public String awaitLine(String text, Duration limit) {
        return awaitLine("a line with \"" + text + "\"", line -> line.contains(text), limit);
    }

    /** Waits for a line that {@code wanted} accepts and returns it; also finds one printed earlier. */
    public String awaitLine(String what, Predicate<String> wanted, Duration limit) {
        Await.until(what + " from " + name, limit, () -> line(wanted).isPresent() || isOver(), this::said);
        return line(wanted).orElseThrow(() -> new AssertionError(name + " ended without " + what + "; " + said()));
    }

    /** Ended, and all that it printed is here. */
    private boolean isOver() {
        return !process.isAlive() && !reader.isAlive();
    }

    private Optional<String> line(Predicate<String> wanted) {
        return output().stream().filter(wanted).findFirst();
    }

    private String said() {
        return "its output:\n" + String.join("\n", output());
    }

    /** Writes a line to its standard input. */
    public void send(String line) {
        try {
            process.outputWriter(StandardCharsets.UTF_8)
                    .append(line)
                    .append('\n')
                    .flush();
        } catch (IOException e) {
            throw new UncheckedIOException(name + " does not read its input; " + said(), e);
        }
    }

    /** Waits until it ends by itself, and all that it printed is here. */
    public int awaitExit(Duration limit) {
        try {
            if (!process.waitFor(limit.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new AssertionError(name + " still runs after " + limit + "; " + said());
            }
            reader.join(LAST_WORDS.toMillis());
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting for the end of " + name, e);
        }
    }

    /** SIGTERM, and waits for the end. */
    public int terminate() {
        process.destroy();
        return awaitExit(GRACE);
    }

    /** SIGKILL, and waits for the end. */
    public void kill() {
        destroyTree(process.toHandle());
        awaitExit(GRACE);
    }

    /** SIGSTOP: it holds its sockets and answers nothing. */
    public void suspend() {
        signal("STOP");
    }

    /** SIGCONT: the end of {@link #suspend}. */
    public void resume() {
        signal("CONT");
    }

    private void signal(String signal) {
        try {
            int code = new ProcessBuilder("kill", "-" + signal, Long.toString(pid()))
                    .inheritIO()
                    .start()
                    .waitFor();
            if (code != 0) {
                throw new AssertionError("kill -" + signal + " of " + name + " ended with " + code);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    /** Ends it and what it started: by SIGTERM, by SIGKILL after ten seconds. */
    @Override
    public void close() {
        List<ProcessHandle> children = process.descendants().toList();
        process.destroy();
        try {
            if (!process.waitFor(GRACE.toSeconds(), TimeUnit.SECONDS)) {
                destroyTree(process.toHandle());
            }
        } catch (InterruptedException e) {
            destroyTree(process.toHandle());
            Thread.currentThread().interrupt();
        }
        children.forEach(ProcessHandle::destroyForcibly);
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException exiting) {
            // The hook runs already, and finds nothing left to do.
        }
    }

    private static void destroyTree(ProcessHandle handle) {
        List<ProcessHandle> children = handle.descendants().toList();
        handle.destroyForcibly();
        children.forEach(ProcessHandle::destroyForcibly);
    }
}
