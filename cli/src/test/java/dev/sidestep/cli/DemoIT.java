package dev.sidestep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.ChildProcess;
import dev.sidestep.testkit.SourceTree;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** {@code ./sidestep demo} as a user runs it: the whole system, a minute each. */
class DemoIT {
    private static final Path HOME = SourceTree.root();
    private static final Duration START = Duration.ofMinutes(2);
    private static final Duration WHOLE = Duration.ofMinutes(4);
    private static final Duration END = Duration.ofSeconds(15);
    private static final Map<String, String> ENVIRONMENT = Map.of("JAVA_HOME", System.getProperty("java.home"));

    @TempDir
    Path folder;

    @Test
    void keepsEveryPromiseThenStaysUpToPlayWithAndEndsOnCtrlC() throws Exception {
        Path json = folder.resolve("demo.json");
        Path svg = folder.resolve("demo.svg");
        try (ChildProcess demo = demo("--keep", "--json", json.toString(), "--svg", svg.toString())) {
            demo.awaitLine("Everything stays up", WHOLE);
            JsonNode report = new ObjectMapper().readTree(Files.readString(json));
            assertThat(report.path("kept").asBoolean())
                    .as("%s", String.join("\n", demo.output()))
                    .isTrue();
            assertThat(report.path("promises").size()).isEqualTo(8);
            assertThat(Files.readString(svg)).startsWith("<svg ").endsWith("</svg>\n");

            List<ProcessHandle> children = children(demo);
            assertThat(children).hasSizeGreaterThanOrEqualTo(8);

            assertThat(run(command(demo, "why backend-service"), Map.of()))
                    .anyMatch(line -> line.matches("backend-service:\\d+  BALANCED: .*"))
                    .anyMatch(line -> line.contains("backend-4") && line.contains("ready"));
            assertThat(run(command(demo, "why backend-service") + " -o json", Map.of()))
                    .anyMatch(line -> line.contains("\"answer\" : \"BALANCED\""));

            List<String> calls = runAppWithAgent(demo);
            assertThat(calls).anyMatch(line -> line.startsWith("sidestep-agent: "));
            assertThat(pods(calls)).containsExactly("backend-1", "backend-2", "backend-3", "backend-4");

            signal("INT", demo.pid());
            awaitGone(children);
        }
    }

    @Test
    void leavesNothingRunningWhenItIsKilled() throws Exception {
        try (ChildProcess demo = demo()) {
            demo.awaitLine("two frontends call", START);
            List<ProcessHandle> children = children(demo);
            assertThat(children).hasSizeGreaterThanOrEqualTo(7);
            signal("KILL", demo.pid());
            awaitGone(children);
        }
    }

    private static ChildProcess demo(String... arguments) {
        List<String> command = new ArrayList<>(List.of(HOME.resolve("sidestep").toString(), "demo"));
        command.addAll(List.of(arguments));
        return ChildProcess.start("demo", command, ENVIRONMENT, HOME);
    }

    /** The command that the demo's end tells to try. */
    private static String command(ChildProcess demo, String part) {
        return demo.awaitLine(part, END).strip();
    }

    /** {@code app.jar} calls the Service by its name; only who resolves it is the demo's. */
    private List<String> runAppWithAgent(ChildProcess demo) throws IOException, InterruptedException {
        Path jar = folder.resolve("app.jar");
        try (OutputStream out = Files.newOutputStream(jar)) {
            writeJar(out);
        }
        Path hosts = Path.of(demo.awaitLine("Manifests and logs: ", END).split(": ", 2)[1])
                .resolve("hosts");
        String url = demo.awaitLine("two frontends call", END).replaceAll(".*(http://\\S+).*", "$1");
        String started = command(demo, "-javaagent:");
        assertThat(started).endsWith(" -jar app.jar");
        return run(started + " " + url, Map.of("JAVA_TOOL_OPTIONS", "-Djdk.net.hosts.file=" + hosts));
    }

    private static void writeJar(OutputStream out) throws IOException {
        var manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, CallingApp.class.getName());
        String entry = CallingApp.class.getName().replace('.', '/') + ".class";
        try (var jar = new JarOutputStream(out, manifest)) {
            jar.putNextEntry(new JarEntry(entry));
            Files.copy(HOME.resolve("cli/target/test-classes").resolve(entry), jar);
        }
    }

    private static List<String> pods(List<String> lines) {
        var pods = new TreeSet<String>(Comparator.naturalOrder());
        lines.stream().filter(line -> line.startsWith("backend-")).forEach(pods::add);
        return List.copyOf(pods);
    }

    /** In a shell, in a folder that has a {@code ./sidestep} too. */
    private List<String> run(String command, Map<String, String> environment) throws IOException, InterruptedException {
        Path link = folder.resolve("sidestep");
        if (Files.notExists(link)) {
            Files.writeString(link, "#!/bin/sh\nexec " + HOME.resolve("sidestep") + " \"$@\"\n");
            assertThat(link.toFile().setExecutable(true)).isTrue();
        }
        Path output = folder.resolve("output");
        var shell = new ProcessBuilder("sh", "-c", command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        shell.environment().putAll(ENVIRONMENT);
        shell.environment().putAll(environment);
        int code = shell.start().waitFor();
        List<String> lines = Files.readAllLines(output);
        assertThat(code).as("%s: %s", command, lines).isZero();
        return lines;
    }

    private static List<ProcessHandle> children(ChildProcess demo) {
        return ProcessHandle.of(demo.pid())
                .map(ProcessHandle::descendants)
                .orElseThrow()
                .toList();
    }

    private static void signal(String signal, long pid) throws IOException, InterruptedException {
        assertThat(new ProcessBuilder("kill", "-" + signal, Long.toString(pid))
                        .start()
                        .waitFor())
                .isZero();
    }

    private static void awaitGone(List<ProcessHandle> children) {
        Await.until(
                "nothing is left running",
                END,
                () -> children.stream().noneMatch(ProcessHandle::isAlive),
                () -> children.stream()
                        .filter(ProcessHandle::isAlive)
                        .map(each -> each.info().commandLine().orElse("pid " + each.pid()))
                        .toList());
    }
}
