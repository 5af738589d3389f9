package dev.sidestep.cli.images;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Runs programs of the build machine. */
final class Program {
    private Program() {}

    /** Where {@code name} is on the path of this process. */
    static Optional<Path> find(String name) {
        String folders = System.getenv().getOrDefault("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin";
        for (String folder : folders.split(":", -1)) {
            Path candidate = Path.of(folder.isEmpty() ? "." : folder, name);
            if (Files.isExecutable(candidate)) {
                return Optional.of(candidate);
            }
        }
        return Optional.empty();
    }

    /**
     * What it printed, both streams in one.
     *
     * @param fix what the user can do when it cannot be started
     * @throws ImageException when it is missing, fails, or takes longer than {@code limit}; with the end of what it said
     */
    static String run(Path folder, Map<String, String> environment, Duration limit, String fix, List<String> command)
            throws ImageException {
        String name = Path.of(command.get(0)).getFileName().toString();
        Path output = null;
        try {
            output = Files.createTempFile("sidestep-", ".out");
            var builder = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .redirectOutput(output.toFile());
            // What a user's JVM is told is not for those that make an image.
            builder.environment().keySet().removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"));
            builder.environment().putAll(environment);
            Process process;
            try {
                process = builder.start();
            } catch (IOException e) {
                throw new ImageException(name + ": cannot be run (" + e.getMessage() + "); " + fix, e);
            }
            try {
                if (!process.waitFor(limit.toSeconds(), TimeUnit.SECONDS)) {
                    throw new ImageException(
                            name + ": not done after " + limit.toSeconds() + " s; it said: " + end(output));
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new ImageException(name + ": interrupted", e);
            } finally {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
            }
            if (process.exitValue() != 0) {
                throw new ImageException(name + " failed (" + process.exitValue() + "); it said: " + end(output));
            }
            return read(output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            if (output != null) {
                deleteQuietly(output);
            }
        }
    }

    private static String read(Path output) throws IOException {
        return new String(Files.readAllBytes(output), StandardCharsets.UTF_8);
    }

    private static String end(Path output) throws IOException {
        return end(read(output));
    }

    /** The last lines: what a program says last is most often why it ended. */
    static String end(String output) {
        List<String> lines = output.lines().filter(line -> !line.isBlank()).toList();
        return lines.isEmpty()
                ? "nothing"
                : String.join("\n", lines.subList(Math.max(0, lines.size() - 12), lines.size()));
    }

    private static void deleteQuietly(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            file.toFile().deleteOnExit();
        }
    }
}
