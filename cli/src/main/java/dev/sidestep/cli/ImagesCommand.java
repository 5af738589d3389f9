package dev.sidestep.cli;

import dev.sidestep.cli.images.Images;
import dev.sidestep.demo.AgentJar;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code sidestep images}. */
@Command(
        name = "images",
        description =
                "Build the container images control-plane, sidecar and agent, without a container engine, and push,"
                        + " load or write them. With --only demo, the one that \"sidestep demo --kubernetes\" runs.")
final class ImagesCommand implements Callable<Integer> {
    private final Path home;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--to",
            required = true,
            paramLabel = "WHERE",
            description = "A registry (registry.example.com/team), kind:NAME, or a folder (./images).")
    private String to;

    @Option(
            names = "--base",
            paramLabel = "BASE",
            description = "A root file system with glibc: a folder, a tar of one, an image as docker save writes it, an"
                    + " image of a registry, or debian-packages (gcr.io/distroless/base-debian12:latest).")
    private @Nullable String base;

    @Option(
            names = "--java-home",
            paramLabel = "DIR",
            description = "The JDK 25 whose runtime goes in (this one, or one of /usr/lib/jvm).")
    private @Nullable Path javaHome;

    @Option(
            names = "--only",
            paramLabel = "NAME",
            split = ",",
            description = "Not those three: ${COMPLETION-CANDIDATES}.",
            completionCandidates = Names.class)
    private Set<String> only = new LinkedHashSet<>(Images.NAMES);

    @Option(names = "--tag", paramLabel = "TAG", description = "Of each image (the version of Sidestep).")
    private String tag = VersionCommand.version();

    /** Of images, for the completion of shells. */
    static final class Names extends LinkedHashSet<String> {
        private static final long serialVersionUID = 1L;

        Names() {
            super(Images.NAMES);
            add(Images.DEMO);
        }
    }

    ImagesCommand(Path home) {
        this.home = home;
    }

    @Override
    public Integer call() throws Exception {
        var request = new Images.Request(to, Optional.ofNullable(base), Optional.ofNullable(javaHome), only, tag);
        Images.make(
                request, home, AgentJar.in(home), cache(), spec.commandLine().getOut()::println);
        return 0;
    }

    private static Path cache() {
        String folder = System.getenv("XDG_CACHE_HOME");
        Path caches = folder == null || folder.isBlank()
                ? Path.of(System.getProperty("user.home"), ".cache")
                : Path.of(folder);
        return caches.resolve("sidestep").resolve("images");
    }
}
