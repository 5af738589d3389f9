package dev.sidestep.cli;

import static java.nio.file.attribute.PosixFilePermissions.fromString;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.testkit.SourceTree;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./sidestep} in a tree of its own, with a {@code java} and a {@code mvn} that only pretend. */
class LauncherIT {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final List<String> TOOLS = List.of(
            "sh",
            "cat",
            "dirname",
            "find",
            "grep",
            "head",
            "mkdir",
            "mv",
            "printf",
            "readlink",
            "rm",
            "sed",
            "sort",
            "tee",
            "touch");
    private static final String GOOD_MAVEN = "case $* in *-v*) echo 'Apache Maven 3.9.9 (abc)';; *) echo \"$@\";; esac";

    @TempDir
    Path tree;

    private Path bin;

    @BeforeEach
    void aTreeAndAPathWithOrdinaryTools() throws IOException {
        bin = Files.createDirectories(tree.resolve("bin"));
        Files.copy(SourceTree.root().resolve("sidestep"), tree.resolve("sidestep"));
        for (String folder :
                List.of("core", "xds", "control-plane", "sidecar", "java-agent", "examples", "cli/target/sidestep")) {
            Files.createDirectories(tree.resolve(folder));
        }
        write(tree.resolve("pom.xml"), "<project/>");
        write(tree.resolve("core/Some.java"), "class Some {}");
        for (String tool : TOOLS) {
            for (String folder : List.of("/bin", "/usr/bin")) {
                Path found = Path.of(folder, tool);
                if (Files.isExecutable(found) && Files.notExists(bin.resolve(tool))) {
                    script(tool, "exec " + found + " \"$@\"");
                }
            }
        }
    }

    @Test
    void saysThatJavaIsMissing() {
        assertThat(fails()).containsExactly("sidestep: no Java found; install a JDK 17 or newer, or set JAVA_HOME");
    }

    @Test
    void saysThatJavaIsTooOld() throws IOException {
        java("11.0.13");
        assertThat(fails())
                .containsExactly("sidestep: Java 11 found at " + bin
                        + "/java, 17 needed; install a JDK 17 or newer, or set JAVA_HOME");
        java("1.8.0_402");
        assertThat(fails().get(0)).startsWith("sidestep: Java 8 found at ");
    }

    @Test
    void saysThatJavaHomeIsNone() {
        assertThat(fails(Map.of("JAVA_HOME", "/nowhere")))
                .containsExactly("sidestep: JAVA_HOME is /nowhere, and there is no bin/java in it;"
                        + " point it at a JDK 17 or newer");
    }

    @Test
    void saysThatMavenIsMissing() throws IOException {
        java("17.0.15");
        assertThat(fails())
                .containsExactly(
                        "sidestep: no Maven found; install Maven 3.8.7 or newer" + " (the first run builds Sidestep)");
    }

    @Test
    void saysThatMavenIsTooOld() throws IOException {
        java("25");
        maven("echo 'Apache Maven 3.6.3 (abc)'");
        assertThat(fails()).containsExactly("sidestep: Maven 3.6.3 found at " + bin + "/mvn, 3.8.7 needed");
    }

    @Test
    void saysThatTheNetworkIsClosed() throws IOException {
        java("21.0.8");
        maven("case $* in *-v*) echo 'Apache Maven 3.8.7';; *) echo '[ERROR] Could not transfer artifact"
                + " org.slf4j:slf4j-api:pom:2.0.20 from/to central (https://repo.example): repo.example:"
                + " Unknown host repo.example'; exit 1;; esac");
        assertThat(last(fails()))
                .startsWith("sidestep: Maven cannot reach its repository (")
                .contains("open the network or name a mirror in ~/.m2/settings.xml");
    }

    @Test
    void showsTheFirstErrorsOfABuildThatFails() throws IOException {
        java("21.0.8");
        maven("case $* in *-v*) echo 'Apache Maven 3.8.7';; *) echo '[ERROR] Some.java:[1,7] no';  exit 1;; esac");
        assertThat(fails())
                .contains("[ERROR] Some.java:[1,7] no")
                .last()
                .asString()
                .startsWith("sidestep: the build failed (log: ");
    }

    @Test
    void buildsOnceAndThenOnlyWhatChanged() throws IOException {
        java("17.0.15");
        maven(GOOD_MAVEN);
        assertThat(run(Map.of(), "version")).anyMatch(line -> line.startsWith("Building Sidestep"));
        assertThat(Files.readString(tree.resolve(".sidestep/build.log"))).contains("-Dquick -pl cli -am package");
        assertThat(run(Map.of(), "version")).singleElement().asString().contains("dev.sidestep.cli.Main version");

        Files.setLastModifiedTime(
                tree.resolve("core/Some.java"), FileTime.from(Instant.now().plusSeconds(5)));
        assertThat(run(Map.of(), "version")).anyMatch(line -> line.startsWith("Building Sidestep"));
    }

    @Test
    void findsItsHomeFromAnywhereAndHandsOverEveryArgumentAsItIs() throws IOException {
        java("17.0.15");
        maven(GOOD_MAVEN);
        assertThat(last(run(Map.of(), "why", "a host", "*")))
                .contains("-Dsidestep.home=" + tree.toRealPath() + " ")
                .endsWith("dev.sidestep.cli.Main why a host *");
    }

    @Test
    void findsItsHomeThroughALinkInAFolderOfThePath() throws IOException {
        java("17.0.15");
        maven(GOOD_MAVEN);
        Files.createSymbolicLink(bin.resolve("linked"), Path.of("../sidestep"));
        assertThat(last(run(0, Map.of(), bin.resolve("linked"), "version")))
                .contains("-Dsidestep.home=" + tree.toRealPath() + " ");
    }

    private List<String> fails() {
        return fails(Map.of());
    }

    private List<String> fails(Map<String, String> environment) {
        return run(1, environment, "version");
    }

    private List<String> run(Map<String, String> environment, String... arguments) {
        return run(0, environment, arguments);
    }

    private List<String> run(int code, Map<String, String> environment, String... arguments) {
        return run(code, environment, tree.resolve("sidestep"), arguments);
    }

    private List<String> run(int code, Map<String, String> environment, Path launcher, String... arguments) {
        var variables = new HashMap<>(Map.of("PATH", bin.toString()));
        variables.putAll(environment);
        List<String> command = new ArrayList<>(List.of(launcher.toString()));
        command.addAll(List.of(arguments));
        Path output = tree.resolve("output");
        var builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.directory(new File("/"));
        builder.environment().clear();
        builder.environment().putAll(variables);
        try {
            Process process = builder.start();
            assertThat(process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
            List<String> lines = Files.readAllLines(output);
            assertThat(process.exitValue()).as("%s", lines).isEqualTo(code);
            return lines;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static String last(List<String> lines) {
        return lines.get(lines.size() - 1);
    }

    private void java(String version) throws IOException {
        script(
                "java",
                "case $* in -version) echo 'openjdk version \"" + version
                        + "\" 2025-01-01' >&2;; *) echo \"$@\";; esac");
    }

    private void maven(String body) throws IOException {
        script("mvn", body);
    }

    private void script(String name, String body) throws IOException {
        write(bin.resolve(name), "#!/bin/sh\n" + body + "\n");
        Files.setPosixFilePermissions(bin.resolve(name), fromString("rwxr-xr-x"));
    }

    private static void write(Path file, String text) throws IOException {
        Files.writeString(file, text);
    }
}
