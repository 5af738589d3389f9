package dev.sidestep.cli.images;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Locale;
import java.util.Optional;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A signed jar without its signature. The JVM archives no class of a signed jar, and checks each of them at every start; who
 * signed it is of use to those who put the jar in, not to a container that starts from it.
 */
final class UnsignedJar {
    /** Any: the same bytes each time. */
    private static final LocalDateTime TIME = LocalDateTime.of(1980, 2, 1, 0, 0);

    private UnsignedJar() {}

    /** The jar's bytes without signature; empty if it has none. */
    static Optional<byte[]> of(Path file) throws IOException {
        try (var jar = new JarFile(file.toFile(), false)) {
            if (jar.stream().noneMatch(UnsignedJar::isSignature)) {
                return Optional.empty();
            }
            var bytes = new ByteArrayOutputStream();
            try (var out = new ZipOutputStream(bytes)) {
                put(out, JarFile.MANIFEST_NAME, manifest(jar));
                for (JarEntry entry : (Iterable<JarEntry>) jar.stream()::iterator) {
                    if (!isSignature(entry)
                            && !entry.isDirectory()
                            && !entry.getName().equals(JarFile.MANIFEST_NAME)) {
                        try (InputStream in = jar.getInputStream(entry)) {
                            put(out, entry.getName(), in.readAllBytes());
                        }
                    }
                }
            }
            return Optional.of(bytes.toByteArray());
        }
    }

    /** As the JVM finds them. */
    private static boolean isSignature(ZipEntry entry) {
        return entry.getName().toUpperCase(Locale.ROOT).matches("META-INF/[^/]+\\.(SF|RSA|DSA|EC)");
    }

    /** Without the digest of every file. */
    private static byte[] manifest(JarFile jar) throws IOException {
        var manifest = new Manifest();
        manifest.getMainAttributes().putAll(jar.getManifest().getMainAttributes());
        var bytes = new ByteArrayOutputStream();
        manifest.write(bytes);
        return bytes.toByteArray();
    }

    private static void put(ZipOutputStream out, String name, byte[] bytes) throws IOException {
        var entry = new ZipEntry(name);
        entry.setTimeLocal(TIME);
        out.putNextEntry(entry);
        out.write(bytes);
        out.closeEntry();
    }
}
