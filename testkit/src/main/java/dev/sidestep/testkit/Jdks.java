package dev.sidestep.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Finds Java runtimes of a wanted feature version: by {@code SIDESTEP_TEST_JDK_<feature>}, the running one, its
 * neighbours on the disk, then the cache folder ({@code SIDESTEP_TEST_CACHE}, else {@code ~/.cache/sidestep}).
 */
public final class Jdks {
    private static final Pattern VERSION = Pattern.compile("(?m)^JAVA_VERSION=\"(?:1\\.)?(\\d+)");

    private final Map<String, String> environment;
    private final Path runningHome;
    private final Path cache;

    Jdks(Map<String, String> environment, Path runningHome, Path cache) {
        this.environment = environment;
        this.runningHome = runningHome;
        this.cache = cache;
    }

    /** Looks around the running machine. */
    public static Jdks ofThisMachine() {
        Map<String, String> environment = System.getenv();
        String cache = environment.get("SIDESTEP_TEST_CACHE");
        return new Jdks(
                environment,
                Path.of(System.getProperty("java.home")),
                cache == null ? Path.of(System.getProperty("user.home"), ".cache", "sidestep") : Path.of(cache));
    }

    /** The first runtime of exactly this feature version. */
    public Optional<Jdk> find(int feature) {
        return candidates(feature)
                .flatMap(home -> read(home).stream())
                .filter(jdk -> jdk.feature() == feature)
                .findFirst();
    }

    private Stream<Path> candidates(int feature) {
        List<Path> homes = new ArrayList<>();
        String named = environment.get("SIDESTEP_TEST_JDK_" + feature);
        if (named != null) {
            homes.add(Path.of(named));
        }
        homes.add(runningHome);
        Path neighbourhood = runningHome.getParent();
        if (neighbourhood != null) {
            homes.addAll(foldersIn(neighbourhood));
        }
        homes.addAll(foldersIn(cache.resolve("jdks")));
        return homes.stream();
    }

    private static List<Path> foldersIn(Path parent) {
        if (!Files.isDirectory(parent)) {
            return List.of();
        }
        try (Stream<Path> children = Files.list(parent)) {
            return children.sorted().toList();
        } catch (IOException unreadable) {
            return List.of();
        }
    }

    /** The {@code release} file is there in every JDK and jlink image, and needs no process to be asked. */
    private static Optional<Jdk> read(Path home) {
        Path release = home.resolve("release");
        if (!Files.isRegularFile(release)
                || !Files.isExecutable(home.resolve("bin").resolve("java"))) {
            return Optional.empty();
        }
        try {
            Matcher version = VERSION.matcher(Files.readString(release));
            return version.find() ? Optional.of(new Jdk(Integer.parseInt(version.group(1)), home)) : Optional.empty();
        } catch (IOException unreadable) {
            return Optional.empty();
        }
    }
}
