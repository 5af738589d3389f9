package dev.sidestep.demo;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** One process of the demo. For any thread. */
final class Child {
    private final String name;
    private final Process process;
    private final Path log;
    private volatile boolean expectedToEnd;

    private Child(String name, Process process, Path log) {
        this.name = name;
        this.process = process;
        this.log = log;
    }

    static Child start(String name, ProcessBuilder command, Path log, Consumer<String> lines) throws IOException {
        Process process = command.redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        process.outputWriter().close();
        var child = new Child(name, process, log);
        var reader = new Thread(() -> child.read(lines), "read-" + name);
        reader.setDaemon(true);
        reader.start();
        return child;
    }

    /** Each line is kept as well: whoever doubts a figure can count again. */
    private void read(Consumer<String> lines) {
        Path copy = log.resolveSibling(name + ".out");
        try (BufferedReader out = process.inputReader();
                PrintWriter kept = new PrintWriter(
                        Files.newBufferedWriter(copy, StandardOpenOption.CREATE, StandardOpenOption.APPEND))) {
            out.lines().forEach(line -> {
                kept.println(line);
                lines.accept(line);
            });
        } catch (IOException | UncheckedIOException e) {
            // The pipe breaks when the process is killed; what it said until then has been read.
        }
    }

    String name() {
        return name;
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    void onExit(Runnable action) {
        var unused = process.onExit().thenRun(action);
    }

    /** SIGTERM. */
    void terminate() {
        expectedToEnd = true;
        process.destroy();
    }

    /** SIGKILL. */
    void kill() {
        expectedToEnd = true;
        process.destroyForcibly();
    }

    void awaitExitOrKill(long millis) {
        try {
            if (!process.waitFor(millis, TimeUnit.MILLISECONDS)) {
                kill();
                process.waitFor();
            }
        } catch (InterruptedException e) {
            kill();
            Thread.currentThread().interrupt();
        }
    }

    /** Throws if it ended by itself. */
    void check() throws DemoException {
        if (!expectedToEnd && !process.isAlive()) {
            throw new DemoException(
                    name + " ended with code " + process.exitValue() + ": " + lastLine() + " (" + log + ")");
        }
    }

    private String lastLine() {
        try {
            List<String> lines = Files.readAllLines(log);
            return lines.isEmpty() ? "it said nothing" : lines.get(lines.size() - 1);
        } catch (IOException e) {
            return "its log cannot be read";
        }
    }
}
