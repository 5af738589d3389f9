package dev.sidestep.cli.images;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What an image begins with.
 *
 * @param layers from the lowest up; none: from scratch
 * @param environment what its configuration sets
 */
record Base(List<Layer> layers, Map<String, String> environment) {
    /** Pulled when no base is named. */
    static final String DEFAULT = "gcr.io/distroless/base-debian12:latest";

    /** The word for a base made of Debian's packages on the spot. */
    static final String DEBIAN_PACKAGES = "debian-packages";

    static final Base SCRATCH = new Base(List.of(), Map.of());

    /**
     * Fills {@code root} from what the user named: a folder, a tar of a root file system, an image as {@code docker save}
     * writes it, {@link #DEBIAN_PACKAGES}, or else an image of a registry.
     *
     * @param work where its layers are kept
     */
    static Base load(String named, RootFs root, Path work, DebianPackages packages) throws ImageException, IOException {
        if (named.equals(DEBIAN_PACKAGES)) {
            fromPackages(root, packages);
            return one(root, work);
        }
        Path path = Path.of(named);
        if (Files.isDirectory(path)) {
            root.copyTree(path.toRealPath(), "/");
            return checked(named, one(root, work), root);
        }
        if (Files.isRegularFile(path)) {
            if (DockerArchive.is(path)) {
                return checked(named, DockerArchive.read(path, root, work), root);
            }
            try (InputStream tar = DockerArchive.uncompressed(path)) {
                root.unpack(tar);
            }
            return checked(named, one(root, work), root);
        }
        if (named.startsWith("/") || named.startsWith(".")) {
            throw new ImageException("--base " + named + ": no such folder or archive");
        }
        Path archive = work.resolve("pulled.tar");
        Registry.pull(named, archive);
        return checked(named, DockerArchive.read(archive, root, work), root);
    }

    /** Folders that programs of every kind expect, and the C library. */
    private static void fromPackages(RootFs root, DebianPackages packages) throws ImageException, IOException {
        for (String each : List.of("bin", "sbin", "lib", "lib64")) {
            root.makeDirectory("/usr/" + each);
            root.link("/" + each, "usr/" + each);
        }
        packages.unpack(List.of("base-files", "libc6"), root);
        write(root, "/etc/nsswitch.conf", "hosts: files dns\n");
        write(root, "/etc/passwd", "root:x:0:0:root:/root:/sbin/nologin\n");
        write(root, "/etc/group", "root:x:0:\n");
    }

    static void write(RootFs root, String path, String text) throws IOException {
        root.write(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), path, 0644);
    }

    private static Base one(RootFs root, Path work) throws IOException {
        return new Base(List.of(root.commit("base", work.resolve("base.tar"))), Map.of());
    }

    /** The one thing that a Java runtime and iptables need of it. */
    private static Base checked(String named, Base base, RootFs root) throws ImageException, IOException {
        if (!root.has("/lib64/ld-linux-x86-64.so.2")) {
            throw new ImageException("--base " + named
                    + ": has no /lib64/ld-linux-x86-64.so.2 (expected: a root file system with glibc, for amd64)");
        }
        return base;
    }
}
