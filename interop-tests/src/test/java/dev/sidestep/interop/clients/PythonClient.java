package dev.sidestep.interop.clients;

import dev.sidestep.testkit.ChildProcess;
import dev.sidestep.testkit.Requirements;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The {@code grpcio} of Python (gRPC's C core) in a process of its own, calling the {@link Greeter} when told to. */
final class PythonClient implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(30);
    private static final Pattern COUNT = Pattern.compile("\"([^\"]+)\": (\\d+)");

    private final ChildProcess process;
    private int answers;

    private PythonClient(ChildProcess process) {
        this.process = process;
    }

    /**
     * Starts one.
     *
     * @param environment its bootstrap or its proxy
     */
    static PythonClient start(String target, Map<String, String> environment) {
        Path python = Requirements.program("python3");
        ChildProcess probe = ChildProcess.start("python3", List.of(python.toString(), "-c", "import grpc"));
        Requirements.that(
                probe.awaitExit(START) == 0, "no grpcio for " + python.getFileName() + " (pip install grpcio)");
        ChildProcess process = ChildProcess.start(
                "greet.py", List.of(python.toString(), script().toString(), target), environment, Path.of(""));
        process.awaitLine("ready", START);
        return new PythonClient(process);
    }

    /** Calls one after the other and counts who answered, errors by the name of their status. */
    Map<String, Integer> call(int times) {
        answers++;
        process.send(Integer.toString(times));
        process.awaitLine("answer " + answers, line -> lines() >= answers, START);
        String last = process.output().stream()
                .filter(line -> line.startsWith("{"))
                .reduce((first, second) -> second)
                .orElseThrow();
        Map<String, Integer> counts = new TreeMap<>();
        for (Matcher count = COUNT.matcher(last); count.find(); ) {
            counts.put(count.group(1), Integer.parseInt(count.group(2)));
        }
        return counts;
    }

    private long lines() {
        return process.output().stream().filter(line -> line.startsWith("{")).count();
    }

    @Override
    public void close() {
        process.close();
    }

    private static Path script() {
        try {
            return Path.of(PythonClient.class.getResource("/python/greet.py").toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }
}
