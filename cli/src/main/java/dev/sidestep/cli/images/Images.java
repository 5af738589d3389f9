package dev.sidestep.cli.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/** Builds images and brings them where they are wanted. */
public final class Images {
    /** All that an installation needs. */
    public static final List<String> NAMES = List.of("control-plane", "sidecar", "agent");

    /** The backend and the frontend of the demo. Sidestep needs it nowhere. */
    public static final String DEMO = "demo";

    private Images() {}

    /**
     * What a user asks for.
     *
     * @param to as {@link Destination#parse} understands it
     * @param base the root file system to begin with; empty: the public default
     * @param javaHome a JDK 25; empty: one that is found
     * @param only the images to make
     * @param tag of each
     */
    public record Request(String to, Optional<String> base, Optional<Path> javaHome, Set<String> only, String tag) {
        public Request {
            only = Set.copyOf(only);
            Destination.parse(to);
            for (String each : only) {
                if (!NAMES.contains(each) && !each.equals(DEMO)) {
                    throw new IllegalArgumentException(
                            "--only: \"" + each + "\" (expected: " + String.join(", ", NAMES) + ", " + DEMO + ")");
                }
            }
            if (!tag.matches("[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")) {
                throw new IllegalArgumentException("--tag: \"" + tag + "\" (expected: letters, digits, dots, dashes)");
            }
        }
    }

    /**
     * Makes them one after the other.
     *
     * @param home the source tree, with everything built
     * @param agent the Java agent's jar
     * @param cache where what can be used again is kept, and may be deleted at any time
     * @param say told a line at each step
     */
    public static void make(Request request, Path home, Path agent, Path cache, Consumer<String> say)
            throws ImageException, IOException {
        Destination to = Destination.parse(request.to());
        var packages = new DebianPackages(cache.resolve("packages"));
        Path work = Files.createTempDirectory("sidestep-images-");
        try {
            var sources = new ImageBuilder.Sources(
                    home.resolve("cli/target/sidestep/lib"),
                    agent,
                    home.resolve("k8s/images/sidecar/sidestep-redirect"),
                    home.resolve("examples"),
                    request.tag(),
                    request.base().orElse(Base.DEFAULT));
            var builder = new ImageBuilder(
                    sources,
                    JavaRuntime.of(request.javaHome(), cache.resolve("java")),
                    packages,
                    cache.resolve("aot"),
                    work);
            for (String each : new TreeSet<>(request.only())) {
                say.accept("building " + each);
                ImageBuilder.Built built = switch (each) {
                    case "agent" -> builder.agent();
                    case "sidecar" -> builder.process(Recipe.SIDECAR);
                    case DEMO -> builder.demo();
                    default -> builder.process(Recipe.CONTROL_PLANE);
                };
                Path archive = work.resolve(each + ".tar");
                String name = to.name(each + ":" + request.tag());
                String id = DockerArchive.write(name, built.config(), built.layers(), archive);
                String where = to.take(archive, each, name);
                say.accept("%s: %s, %d MB%s".formatted(where, id, built.size() / 1_000_000, seen(built)));
                Files.delete(archive);
            }
        } finally {
            RootFs.deleteTree(work);
        }
    }

    private static String seen(ImageBuilder.Built built) {
        String ready = built.measured().get("ready-ms");
        return ready == null
                ? ""
                : ", ready in " + ready + " ms, " + built.measured().get("archived-percent")
                        + " % of its classes from the archive";
    }
}
