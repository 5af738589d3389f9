package dev.sidestep.cli.images;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The archive of classes, method profiles and heap objects that a JVM starts from, made and tried inside the finished root
 * file system: it holds for exactly that Java runtime, those jars at those paths with those times.
 */
final class AotArchive {
    private static final Duration LIMIT = Duration.ofMinutes(10);
    private static final Duration KEPT = Duration.ofDays(3);

    /** Of calls: a sidecar's path has to be hot; a control plane's starts more than it carries. */
    private static final int SIDECAR_ROUNDS = 30;

    private static final int OTHER_ROUNDS = 10;

    /** Of the classes that a trial loads, in percent: what was not trained costs every start of every pod. */
    private static final int LEAST_ARCHIVED = 90;

    /** What decides what is in an archive. */
    private static final List<Class<?>> TRAINERS = List.of(
            ClusterLoad.class,
            PretendApi.class,
            PretendApiServer.class,
            PretendCluster.class,
            PretendObjects.class,
            TlsFront.class,
            Trainee.class,
            Training.class,
            TrainingKeys.class,
            TrainingLoad.class);

    private final Recipe recipe;
    private final RootFs root;
    private final Path work;
    private final Path busybox;

    /**
     * For {@code recipe} in {@code root}.
     *
     * @param work a folder for what only a run needs
     * @param busybox as {@link Sandbox} needs it
     */
    AotArchive(Recipe recipe, RootFs root, Path work, Path busybox) {
        this.recipe = recipe;
        this.root = root;
        this.work = work;
        this.busybox = busybox;
    }

    /** The JVM's archive, made by a run in {@code root}; or an earlier one that was made in the same. */
    Path trained(List<Layer> layers, Path cache) throws ImageException, IOException {
        String key = Digests.ofTexts(List.of(
                        layers.stream().map(Layer::diffId).collect(Collectors.joining()),
                        recipe.flags().toString(),
                        trainers(),
                        Integer.toString(rounds())))
                .substring(0, 32);
        Path kept = cache.resolve(recipe.name() + "-" + key + ".aot");
        if (Files.exists(kept)) {
            Files.setLastModifiedTime(kept, FileTime.from(Instant.now()));
            return kept;
        }
        forgetUnused(cache);
        String archive = recipe.name() + ".aot";
        Path tmp = tmp("training");
        String said = run(tmp, false, List.of("-XX:AOTCacheOutput=/tmp/" + archive), rounds());
        Path made = tmp.resolve(archive);
        if (!Files.isRegularFile(made)) {
            throw new ImageException(recipe.name() + ": training left no archive; it said: " + Program.end(said));
        }
        Path fresh = Files.createTempFile(cache, "aot-", ".part");
        Files.copy(made, fresh, StandardCopyOption.REPLACE_EXISTING);
        Files.move(fresh, kept, StandardCopyOption.ATOMIC_MOVE);
        return kept;
    }

    /** Each is big, and most changes to the program make a new one. */
    private static void forgetUnused(Path cache) throws IOException {
        Files.createDirectories(cache);
        try (var files = Files.list(cache)) {
            for (Path each : files.toList()) {
                Instant used = Files.getLastModifiedTime(each).toInstant();
                if (used.isBefore(Instant.now().minus(KEPT))) {
                    Files.deleteIfExists(each);
                }
            }
        }
    }

    /** A short run of what is to be shipped. The JVM ends at once if it cannot use its archive. */
    Map<String, String> tried() throws ImageException, IOException {
        Path tmp = tmp("trial");
        if (recipe.redirects()) {
            Sandbox sandbox = new Sandbox(root, tmp, busybox);
            sandbox.run(true, LIMIT, recipe.environment(), sandbox.inside(List.of("/usr/sbin/iptables", "--version")));
            sandbox.run(
                    true,
                    LIMIT,
                    Map.of("SIDESTEP_SERVICE_RANGES", "10.96.0.0/16,fd00:96::/108"),
                    sandbox.inside(List.of("/usr/local/bin/sidestep-redirect", "--dry-run")));
        }
        String said = run(
                tmp,
                true,
                List.of("-XX:AOTCache=" + recipe.archive(), "-XX:AOTMode=on", "-Xlog:aot*=warning", ClassOrigins.FLAG),
                1);
        if (said.contains("[aot")) {
            throw new ImageException(recipe.name() + ": the JVM has doubts about its archive: " + Program.end(said));
        }
        Map<String, String> measured = new HashMap<>(measured(said));
        int archived = 100 * number(measured, "classes-archived") / Math.max(1, number(measured, "classes"));
        if (archived < LEAST_ARCHIVED) {
            throw new ImageException(recipe.name() + ": only " + archived + " % of its classes come from its archive;"
                    + " is its training like its start in a pod?");
        }
        measured.put("archived-percent", Integer.toString(archived));
        return measured;
    }

    private static int number(Map<String, String> measured, String name) {
        return Integer.parseInt(measured.getOrDefault(name, "0"));
    }

    private String run(Path tmp, boolean readOnly, List<String> flags, int rounds) throws ImageException, IOException {
        var sandbox = new Sandbox(root, tmp, busybox);
        Path manifests = Files.createDirectories(tmp.resolve("manifests"));
        List<String> command = new ArrayList<>(List.of(JavaRuntime.HOME + "/bin/java"));
        command.addAll(flags);
        command.add("@" + recipe.argumentsFile());
        List<String> trainer = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Training.class.getName(),
                recipe.name(),
                manifests.toString(),
                "/tmp/manifests",
                Integer.toString(rounds)));
        trainer.addAll(sandbox.inside(command));
        Map<String, String> environment = new HashMap<>(recipe.environment());
        if (!readOnly) {
            environment.put("SIDESTEP_SNAPSHOT_DIR", "/tmp");
        }
        String said = sandbox.run(readOnly, LIMIT, environment, trainer);
        int good = number(measured(said), "calls");
        if (good < rounds * TrainingLoad.CALLS / 2) {
            throw new ImageException(recipe.name() + ": only " + good + " calls of " + rounds * TrainingLoad.CALLS
                    + " came back; it said: " + Program.end(said));
        }
        return said;
    }

    private static Map<String, String> measured(String said) {
        return said.lines()
                .filter(line -> line.matches("[a-z-]+=[0-9]+"))
                .collect(Collectors.toMap(line -> line.split("=", -1)[0], line -> line.split("=", -1)[1]));
    }

    /** For a run: anyone may write there, as in a container's. */
    private Path tmp(String run) throws IOException {
        Path folder = Files.createDirectories(work.resolve(run));
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        return folder;
    }

    private int rounds() {
        return recipe.redirects() ? SIDECAR_ROUNDS : OTHER_ROUNDS;
    }

    private static String trainers() throws IOException {
        var digests = new StringBuilder();
        for (Class<?> each : TRAINERS) {
            digests.append(Digests.ofBytes(classBytes(each)));
        }
        return digests.toString();
    }

    private static byte[] classBytes(Class<?> type) throws IOException {
        String name = type.getName();
        try (InputStream in = type.getResourceAsStream(name.substring(name.lastIndexOf('.') + 1) + ".class")) {
            return in == null ? name.getBytes(StandardCharsets.UTF_8) : in.readAllBytes();
        }
    }
}
