package dev.sidestep.cli.images;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.jar.JarFile;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnsignedJarTest {
    private static final String CLASS = "org/example/Signed.class";

    @TempDir
    private Path folder;

    private Path signed;

    @BeforeEach
    void sign() throws IOException {
        signed = jar(Map.of(
                "META-INF/MANIFEST.MF",
                "Manifest-Version: 1.0\nMulti-Release: true\n\nName: " + CLASS + "\nSHA-256-Digest: AA==\n\n",
                "META-INF/WHO.SF",
                "Signature-Version: 1.0\n\n",
                "META-INF/WHO.RSA",
                "a signature",
                "META-INF/LICENSE.md",
                "a licence",
                CLASS,
                "a class"));
    }

    @Test
    void aSignatureGoesAndAllElseStays() throws IOException {
        Path unsigned = Files.write(
                folder.resolve("unsigned.jar"), UnsignedJar.of(signed).orElseThrow());

        try (var jar = new JarFile(unsigned.toFile())) {
            assertThat(jar.stream().map(ZipEntry::getName))
                    .containsExactlyInAnyOrder("META-INF/MANIFEST.MF", "META-INF/LICENSE.md", CLASS);
            assertThat(jar.getInputStream(jar.getEntry(CLASS))).hasContent("a class");
            assertThat(jar.isMultiRelease()).isTrue();
            assertThat(jar.getManifest().getEntries()).isEmpty();
        }
    }

    @Test
    void twiceTheSameBytesComeOut() throws IOException {
        assertThat(UnsignedJar.of(signed).orElseThrow())
                .isEqualTo(UnsignedJar.of(signed).orElseThrow());
    }

    @Test
    void aJarThatNobodySignedIsLeftAlone() throws IOException {
        Path plain = jar(Map.of("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n\n", CLASS, "a class"));

        assertThat(UnsignedJar.of(plain)).isEmpty();
    }

    private Path jar(Map<String, String> entries) throws IOException {
        Path file = Files.createTempFile(folder, "", ".jar");
        try (var out = new ZipOutputStream(Files.newOutputStream(file))) {
            for (var entry : entries.entrySet()) {
                out.putNextEntry(new ZipEntry(entry.getKey()));
                out.write(entry.getValue().getBytes(StandardCharsets.UTF_8));
            }
        }
        return file;
    }
}
