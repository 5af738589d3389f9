package dev.sidestep.cli.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Builds our images. For one thread. */
final class ImageBuilder {
    private static final List<String> IPTABLES =
            List.of("iptables", "libxtables12", "libmnl0", "libnftnl11", "libnfnetlink0", "libnetfilter-conntrack3");

    private static final List<String> EXAMPLES = List.of("backend", "frontend");

    private final Sources sources;
    private final JavaRuntime java;
    private final DebianPackages packages;
    private final Path cache;
    private final Path work;

    /**
     * What images are made from.
     *
     * @param libraries the folder with all jars of the distribution
     * @param agent the Java agent's jar
     * @param redirect the script that the sidecar's init container runs
     * @param examples the folder of the examples, with everything built
     * @param version of all
     * @param base as {@link Base#load} understands it
     */
    record Sources(Path libraries, Path agent, Path redirect, Path examples, String version, String base) {}

    /**
     * An image, and what was seen when it was tried.
     *
     * @param measured names and values; none for an image without a process
     */
    record Built(String name, String config, List<Layer> layers, Map<String, String> measured) {
        /** Bytes of its layers, as they are unpacked on a node. */
        long size() throws IOException {
            long sum = 0;
            for (Layer each : layers) {
                sum += Files.size(each.file());
            }
            return sum;
        }
    }

    /** Which keeps what can be used again in {@code cache}, and everything else in {@code work}. */
    ImageBuilder(Sources sources, JavaRuntime java, DebianPackages packages, Path cache, Path work) {
        this.sources = sources;
        this.java = java;
        this.packages = packages;
        this.cache = cache;
        this.work = work;
    }

    /** The jar that is to be copied, and what copies it. */
    Built agent() throws ImageException, IOException {
        Path folder = Files.createDirectory(work.resolve("agent"));
        var root = new RootFs(folder.resolve("root"));
        root.settle();
        List<Layer> layers = new ArrayList<>();
        root.copy(busybox(), "/bin/busybox", 0755);
        root.link("/bin/cp", "busybox");
        layers.add(root.commit("busybox", folder.resolve("busybox.tar")));
        root.copy(sources.agent(), "/sidestep-agent.jar", 0644);
        layers.add(root.commit("sidestep-agent.jar", folder.resolve("jar.tar")));
        var config =
                new ImageConfig(List.of("/bin/cp"), Map.of("PATH", "/bin"), Recipe.USER, List.of(), labels("agent"));
        return new Built("agent", config.toJson(Base.SCRATCH, layers), layers, Map.of());
    }

    /** The process of {@code recipe}: seen to start from its archive, in its root file system, which is read-only then. */
    Built process(Recipe recipe) throws ImageException, IOException {
        Path folder = Files.createDirectory(work.resolve(recipe.name()));
        var root = new RootFs(folder.resolve("root"));
        root.settle();
        Base base = Base.load(sources.base(), root, folder, packages);
        mountPoints(root);
        List<Layer> layers = new ArrayList<>(base.layers());
        if (recipe.redirects()) {
            tools(root);
            layers.add(root.commit("iptables and busybox", folder.resolve("tools.tar")));
        }
        Payload payload = Payload.of(recipe, sources.libraries());
        java.link(recipe.modules(), payload.jars(), root);
        for (String each : recipe.without()) {
            Files.delete(root.at(JavaRuntime.HOME + "/" + each));
        }
        layers.add(root.commit("Java runtime", folder.resolve("java.tar")));
        payload.write(root);
        layers.add(root.commit("Sidestep", folder.resolve("program.tar")));

        var archive = new AotArchive(recipe, root, folder, busybox());
        root.copy(archive.trained(layers, cache), recipe.archive(), 0644);
        layers.add(root.commit("AOT archive", folder.resolve("aot.tar")));
        Map<String, String> measured = archive.tried();

        Map<String, String> environment = new HashMap<>(recipe.environment());
        environment.put(
                "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:" + JavaRuntime.HOME + "/bin");
        var config =
                new ImageConfig(recipe.entrypoint(), environment, Recipe.USER, recipe.ports(), labels(recipe.name()));
        return new Built(recipe.name(), config.toJson(base, layers), layers, measured);
    }

    /** The examples, for whoever names a main class: a JVM that waits for its arguments. */
    Built demo() throws ImageException, IOException {
        Path folder = Files.createDirectory(work.resolve("demo"));
        var root = new RootFs(folder.resolve("root"));
        root.settle();
        Base base = Base.load(sources.base(), root, folder, packages);
        mountPoints(root);
        List<Layer> layers = new ArrayList<>(base.layers());
        List<Path> jars = new ArrayList<>(List.of(sources.agent())); // It comes to live in the frontend's JVM.
        for (String each : EXAMPLES) {
            Path app = sources.examples().resolve(each).resolve("target/app");
            if (!Files.isDirectory(app)) {
                throw new ImageException(app + ": no such folder; build with mvn -Dquick package");
            }
            try (var files = Files.list(app)) {
                files.filter(file -> file.toString().endsWith(".jar")).sorted().forEach(jars::add);
            }
        }
        java.link(Recipe.EXAMPLES, jars, root);
        layers.add(root.commit("Java runtime", folder.resolve("java.tar")));
        for (String each : EXAMPLES) {
            root.copyTree(sources.examples().resolve(each).resolve("target/app"), "/app/" + each);
        }
        layers.add(root.commit("examples", folder.resolve("program.tar")));
        var config = new ImageConfig(
                List.of(JavaRuntime.HOME + "/bin/java"), Map.of(), Recipe.USER, List.of(), labels("demo"));
        return new Built("demo", config.toJson(base, layers), layers, Map.of());
    }

    /** Where an engine puts what every container has; a base made by hand may lack them. */
    private static void mountPoints(RootFs root) throws IOException {
        for (String each : List.of("/proc", "/sys", "/dev")) {
            root.makeDirectory(each);
        }
        if (!root.has("/tmp")) {
            Files.setPosixFilePermissions(root.makeDirectory("/tmp"), PosixFilePermissions.fromString("rwxrwxrwx"));
        }
    }

    private Map<String, String> labels(String name) {
        return Map.of(
                "org.opencontainers.image.title",
                "Sidestep " + name,
                "org.opencontainers.image.version",
                sources.version(),
                "org.opencontainers.image.licenses",
                "Apache-2.0");
    }

    /** What the init container needs: iptables by nf_tables, and a shell. */
    private void tools(RootFs root) throws ImageException, IOException {
        packages.unpack(IPTABLES, root);
        for (String each : List.of("iptables-legacy", "ip6tables-legacy", "xtables-legacy-multi")) {
            for (String suffix : List.of("", "-save", "-restore")) {
                Files.deleteIfExists(root.at("/usr/sbin/" + each + suffix));
            }
        }
        for (String each : List.of("iptables", "ip6tables")) {
            for (String suffix : List.of("", "-save", "-restore")) {
                root.link("/usr/sbin/" + each + suffix, "xtables-nft-multi");
            }
        }
        if (!root.has("/bin/sh")) {
            root.copy(busybox(), "/bin/busybox", 0755);
            for (String each : List.of("sh", "cat", "tr")) {
                root.link("/bin/" + each, "busybox");
            }
        }
        root.copy(sources.redirect(), "/usr/local/bin/sidestep-redirect", 0755);
    }

    /** A static one, of Debian's package. */
    private Path busybox() throws ImageException, IOException {
        Path folder = work.resolve("busybox");
        Path program = folder.resolve("usr/bin/busybox");
        if (!Files.exists(program)) {
            var root = new RootFs(folder);
            root.makeDirectory("/usr/bin");
            root.link("/bin", "usr/bin");
            packages.unpack(List.of("busybox-static"), root);
        }
        return program;
    }
}
