package dev.sidestep.cli.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Where images go. */
sealed interface Destination {
    /** A host with a dot, a port or the name localhost, as Docker tells registries from paths; then a path. */
    Pattern REGISTRY = Pattern.compile(
            "(localhost|[a-z0-9-]+([.][a-z0-9-]+)+|[a-z0-9-]+(?=:))(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*/?");

    /**
     * The image's full name there.
     *
     * @param image its short name with its tag
     */
    String name(String image);

    /**
     * Takes over {@code archive}, an image called {@link #name}, and says in a few words where it is now.
     *
     * @param image its short name, without a tag
     */
    String take(Path archive, String image, String name) throws ImageException, IOException;

    /** {@code kind:NAME}; a folder if it looks like a path or is there; else a registry, with or without a path. */
    static Destination parse(String text) {
        if (text.startsWith("kind:")) {
            String cluster = text.substring("kind:".length());
            if (!cluster.isEmpty()) {
                return new Kind(cluster);
            }
        } else if (text.startsWith("/")
                || text.startsWith(".")
                || (!text.isEmpty() && Files.isDirectory(Path.of(text)))) {
            return new Folder(Path.of(text));
        } else if (REGISTRY.matcher(text).matches()) {
            return new Prefix(text.replaceFirst("/$", ""));
        }
        throw new IllegalArgumentException(
                "--to: \"" + text
                        + "\" (expected: a registry such as registry.example.com/team, kind:NAME, or a folder such as ./images)");
    }

    /** Images of a registry below a common path. */
    record Prefix(String prefix) implements Destination {
        @Override
        public String name(String image) {
            return prefix + "/" + image;
        }

        @Override
        public String take(Path archive, String image, String name) throws ImageException, IOException {
            return "pushed " + name + "@" + Registry.push(archive, name);
        }
    }

    /** The nodes of a kind cluster. */
    record Kind(String cluster) implements Destination {
        private static final Duration LIMIT = Duration.ofMinutes(10);

        @Override
        public String name(String image) {
            return image;
        }

        @Override
        public String take(Path archive, String image, String name) throws ImageException {
            Program.run(
                    Path.of("/"),
                    Map.of(),
                    LIMIT,
                    "install kind (https://kind.sigs.k8s.io), or write the images to a folder",
                    List.of("kind", "load", "image-archive", archive.toString(), "--name", cluster));
            return "loaded " + name + " into " + cluster;
        }
    }

    /** One archive each, for {@code ctr images import}, {@code docker load}, {@code skopeo copy docker-archive:…}. */
    record Folder(Path folder) implements Destination {
        @Override
        public String name(String image) {
            return image;
        }

        @Override
        public String take(Path archive, String image, String name) throws IOException {
            Files.createDirectories(folder);
            Path target = folder.resolve(image + ".tar");
            Path part = folder.resolve(image + ".tar.part");
            Files.copy(archive, part, StandardCopyOption.REPLACE_EXISTING);
            Files.move(part, target, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
            return "wrote " + name + " to " + target;
        }
    }
}
