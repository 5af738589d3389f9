package dev.sidestep.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;

/**
 * All processes of the demo. Nothing outlives it: {@link #close} ends every child by its handle, and a reaper, a shell
 * that waits on a pipe from us, kills those left when we are killed ourselves.
 */
final class Children implements AutoCloseable {
    /** Kills every pid it was told of and not told off, when its input ends. Interrupts are for us, not for it. */
    private static final String REAPER = """
            trap '' INT TERM HUP
            pids=' '
            while read -r sign pid; do
              case $sign in
                +) pids="$pids$pid " ;;
                -) pids="${pids%% $pid *} ${pids#* $pid }" ;;
              esac
            done
            for pid in $pids; do kill -9 "$pid" 2>/dev/null; done
            """;

    private final Path logs;
    private final Process reaper;
    private final Writer reaperInput;
    private final Queue<Child> running = new ConcurrentLinkedQueue<>();

    private Children(Path logs, Process reaper) {
        this.logs = logs;
        this.reaper = reaper;
        this.reaperInput = reaper.outputWriter(StandardCharsets.US_ASCII);
    }

    static Children open(Path logs) throws IOException {
        return new Children(
                logs,
                new ProcessBuilder("sh", "-c", REAPER)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start());
    }

    /**
     * Starts a process whose stderr goes to a log.
     *
     * @param lines takes its stdout, line by line, on a thread of the child's own
     */
    Child start(String name, ProcessBuilder command, Consumer<String> lines) throws DemoException {
        Child child;
        try {
            child = Child.start(name, command, logs.resolve(name + ".log"), lines);
        } catch (IOException e) {
            throw new DemoException("cannot start " + name + ": " + e.getMessage());
        }
        running.add(child);
        tellReaper("+", child.pid());
        child.onExit(() -> {
            running.remove(child);
            tellReaper("-", child.pid());
        });
        return child;
    }

    private void tellReaper(String sign, long pid) {
        try {
            reaperInput.write(sign + " " + pid + "\n");
            reaperInput.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("the reaper is gone", e);
        }
    }

    /** Ends every child: first asked, a second later killed. For any thread, any number of times. */
    @Override
    public void close() {
        running.forEach(Child::terminate);
        running.forEach(child -> child.awaitExitOrKill(1_000));
        reaper.destroyForcibly();
    }
}
