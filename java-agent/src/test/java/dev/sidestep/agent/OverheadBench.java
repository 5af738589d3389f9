package dev.sidestep.agent;

import dev.sidestep.agent.app.OverheadApp;
import dev.sidestep.testkit.ChildProcess;
import dev.sidestep.testkit.Requirements;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the agent costs a JVM at its start and each call, beside the same without it: medians of runs that take turns. Not
 * part of the gate; {@code mvn verify -pl java-agent -am -Dit.test=OverheadBench} runs it, on an idle machine.
 */
class OverheadBench {
    private static final int ROUNDS = 5;
    private static final Pattern FIGURE = Pattern.compile("([a-z-]+)=(\\d+)");

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void startAndCalls(int feature) {
        Map<String, List<Long>> figures = new TreeMap<>();
        try (TestMesh mesh = new TestMesh(folder)) {
            for (int round = 0; round < ROUNDS; round++) {
                for (boolean with : new boolean[] {false, true}) {
                    List<String> command = new ArrayList<>(
                            List.of(Requirements.jdk(feature).java().toString(), "-XX:+UseSerialGC"));
                    if (with) {
                        command.add("-javaagent:" + AppProcess.AGENT);
                    }
                    command.addAll(List.of(
                            "-Djdk.net.hosts.file=" + folder.resolve("hosts"),
                            "-cp",
                            Path.of("target", "test-classes").toString(),
                            OverheadApp.class.getName(),
                            mesh.url(),
                            "5000",
                            "5000"));
                    try (ChildProcess run = ChildProcess.start("bench", command, mesh.environment(), Path.of(""))) {
                        Matcher figure = FIGURE.matcher(run.awaitLine("cpu-us-per-call", Duration.ofMinutes(3)));
                        while (figure.find()) {
                            figures.computeIfAbsent(
                                            figure.group(1) + (with ? " with" : " without"), none -> new ArrayList<>())
                                    .add(Long.valueOf(figure.group(2)));
                        }
                    }
                }
            }
        }
        figures.forEach((name, values) -> System.out.println("Java " + feature + ": " + name + ": "
                + values.stream().sorted().toList().get(values.size() / 2) + " of " + values));
    }
}
