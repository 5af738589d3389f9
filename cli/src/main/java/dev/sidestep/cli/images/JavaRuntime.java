package dev.sidestep.cli.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** A Java runtime with the modules that one program needs, linked by {@code jlink} of {@code jdk}. */
final class JavaRuntime {
    /** Before it the archive of ahead-of-time work is another one, or none. */
    static final int FEATURE = 25;

    /** Where it lies in every image. */
    static final String HOME = "/opt/java";

    private static final Duration LIMIT = Duration.ofMinutes(5);

    private final Path jdk;
    private final Path cache;

    private JavaRuntime(Path jdk, Path cache) {
        this.jdk = jdk;
        this.cache = cache;
    }

    /**
     * What a program needs of the JDK.
     *
     * @param needed the modules of its runtime
     * @param unneeded modules that its jars refer to without ever needing them there: module → why
     */
    record Modules(List<String> needed, Map<String, String> unneeded) {}

    /**
     * Of the JDK in {@code named}; without it, of the one that runs this process, or one of those in {@code /usr/lib/jvm}.
     *
     * @throws ImageException if that is no JDK 25 for Linux
     */
    static JavaRuntime of(Optional<Path> named, Path cache) throws ImageException, IOException {
        if (named.isPresent()) {
            if (feature(named.get()) != FEATURE) {
                throw new ImageException("--java-home " + named.get() + ": not a JDK " + FEATURE
                        + " with jlink; install Eclipse Temurin " + FEATURE + " and name its folder");
            }
            return new JavaRuntime(named.get().toRealPath(), cache);
        }
        List<Path> candidates = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"))));
        Path installed = Path.of("/usr/lib/jvm");
        if (Files.isDirectory(installed)) {
            try (var folders = Files.list(installed)) {
                folders.sorted().forEach(candidates::add);
            }
        }
        for (Path each : candidates) {
            if (feature(each) == FEATURE) {
                return new JavaRuntime(each.toRealPath(), cache);
            }
        }
        throw new ImageException("no JDK " + FEATURE + " found, neither this process's nor in " + installed
                + "; install Eclipse Temurin " + FEATURE + " and say --java-home DIR");
    }

    /** 25 of a JDK 25 that can link; 0 of what is none. */
    private static int feature(Path home) throws IOException {
        Path release = home.resolve("release");
        if (!Files.isExecutable(home.resolve("bin/jlink")) || !Files.isRegularFile(release)) {
            return 0;
        }
        return Files.readAllLines(release).stream()
                .filter(line -> line.matches("JAVA_VERSION=\"[0-9]+.*"))
                .map(line -> line.replaceFirst("JAVA_VERSION=\"([0-9]+).*", "$1"))
                .findFirst()
                .map(Integer::valueOf)
                .orElse(0);
    }

    /** A JDK by its own word, for keys: its version, vendor and build. */
    String identity() throws IOException {
        Path modules = jdk.resolve("lib/modules");
        return Files.readString(jdk.resolve("release"))
                + Files.size(modules)
                + jdk.resolve("lib/server/libjvm.so").toFile().length();
    }

    /** Puts a runtime with {@code modules} at {@link #HOME}, after it has looked that {@code jars} need no other module. */
    void link(Modules modules, List<Path> jars, RootFs into) throws ImageException, IOException {
        check(modules, jars);
        List<String> options = List.of(
                "--add-modules",
                String.join(",", modules.needed()),
                "--strip-debug",
                "--no-header-files",
                "--no-man-pages");
        Path kept = cache.resolve("java-" + key(List.of(identity(), options.toString())));
        if (!Files.isDirectory(kept)) {
            Files.createDirectories(cache);
            Path fresh = cache.resolve("link-" + ProcessHandle.current().pid());
            RootFs.deleteTree(fresh);
            List<String> command =
                    new ArrayList<>(List.of(jdk.resolve("bin/jlink").toString()));
            command.addAll(options);
            command.addAll(List.of("--output", fresh.toString()));
            run(command);
            try {
                Files.move(fresh, kept, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException another) {
                if (!Files.isDirectory(kept, LinkOption.NOFOLLOW_LINKS)) {
                    throw another;
                }
                RootFs.deleteTree(fresh); // Another build was first.
            }
        }
        into.copyTree(kept, HOME);
    }

    /** A module that is missing at run time is an error in production: it must be one here. */
    private void check(Modules modules, List<Path> jars) throws ImageException, IOException {
        List<String> contents = new ArrayList<>(List.of(
                identity(),
                modules.needed().toString(),
                new TreeSet<>(modules.unneeded().keySet()).toString()));
        for (Path jar : jars) {
            contents.add(Digests.ofFile(jar));
        }
        Path passed = cache.resolve("modules-" + key(contents));
        if (Files.exists(passed)) {
            return;
        }
        List<String> command = new ArrayList<>(List.of(
                jdk.resolve("bin/jdeps").toString(),
                "--multi-release",
                Integer.toString(FEATURE),
                "--ignore-missing-deps",
                "--print-module-deps"));
        jars.forEach(jar -> command.add(jar.toString()));
        String said = run(command);
        String last = said.lines().reduce("", (before, line) -> line);
        Set<String> missing = new TreeSet<>(Arrays.asList(last.split(",", 0)));
        missing.removeAll(modules.needed());
        missing.removeAll(modules.unneeded().keySet());
        if (!missing.isEmpty()) {
            throw new ImageException(
                    "the jars refer to " + missing + ", which their Java runtime lacks; add them to the"
                            + " image's modules, or to those that it does without, with the reason");
        }
        Files.createDirectories(cache);
        Files.writeString(passed, "");
    }

    private static String run(List<String> command) throws ImageException {
        return Program.run(Path.of("/"), Map.of(), LIMIT, "name a whole JDK " + FEATURE + " with --java-home", command);
    }

    private static String key(List<String> contents) {
        return Digests.ofTexts(contents).substring(0, 32);
    }
}
