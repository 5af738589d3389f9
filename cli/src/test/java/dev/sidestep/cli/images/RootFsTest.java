package dev.sidestep.cli.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RootFsTest {
    @TempDir
    Path folder;

    @Test
    void theSameContentGivesTheSameLayerWhateverTheOrderAndTheTime() throws IOException {
        RootFs one = root("one");
        write(one, "/etc/a", "a");
        write(one, "/opt/b", "b");
        one.link("/opt/link", "b");
        RootFs other = root("other");
        other.link("/opt/link", "b");
        write(other, "/opt/b", "b");
        Files.setLastModifiedTime(other.at("/opt/b"), FileTime.from(Instant.EPOCH));
        write(other, "/etc/a", "a");
        assertThat(commit(one).diffId()).isEqualTo(commit(other).diffId());
        assertThat(folder.resolve("one.tar")).hasSameBinaryContentAs(folder.resolve("other.tar"));
    }

    @Test
    void anotherByteOrAnotherModeGivesAnotherLayer() throws IOException {
        RootFs one = root("one");
        write(one, "/a", "a");
        RootFs byteChanged = root("byte");
        write(byteChanged, "/a", "b");
        RootFs modeChanged = root("mode");
        modeChanged.write(new ByteArrayInputStream(bytes("a")), "/a", 0755);
        assertThat(commit(one).diffId())
                .isNotEqualTo(commit(byteChanged).diffId())
                .isNotEqualTo(commit(modeChanged).diffId());
    }

    @Test
    void aLayerHoldsOnlyWhatIsNewOrChangedAndTheFoldersAboveIt() throws IOException {
        RootFs root = root("root");
        write(root, "/etc/old", "1");
        write(root, "/usr/lib/kept", "2");
        root.commit("base", folder.resolve("base.tar"));
        write(root, "/etc/new", "3");
        write(root, "/usr/lib/kept", "4");
        assertThat(content(commit(root))).containsOnlyKeys("etc/", "etc/new", "usr/", "usr/lib/", "usr/lib/kept");
    }

    @Test
    void everyFileBelongsToRootAndHasTheOneTime() throws IOException {
        RootFs root = root("root");
        write(root, "/opt/a.jar", "jar");
        TarArchiveEntry jar = Objects.requireNonNull(content(commit(root)).get("opt/a.jar"));
        assertThat(jar.getLongUserId()).isZero();
        assertThat(jar.getMode() & 0777).isEqualTo(0644);
        assertThat(jar.getLastModifiedTime()).isEqualTo(RootFs.TIME);
        assertThat(Files.getLastModifiedTime(root.at("/opt/a.jar"))).isEqualTo(RootFs.TIME);
    }

    @Test
    void whatIsUnpackedGoesThroughALinkOfTheBase() throws IOException {
        RootFs root = root("root");
        root.makeDirectory("/usr/lib");
        root.link("/lib", "usr/lib");
        root.unpack(tar(Map.of("./lib/", "", "./lib/x.so", "x")));
        assertThat(Files.isSymbolicLink(root.folder().resolve("lib"))).isTrue();
        assertThat(root.folder().resolve("usr/lib/x.so")).hasContent("x");
    }

    @Test
    void noLinkAndNoNameLeadsOutOfTheFolder() throws IOException {
        Path outside = Files.createDirectory(folder.resolve("outside"));
        RootFs root = root("root");
        root.link("/absolute", outside.toString());
        root.link("/up", "../../../../../.." + outside);
        root.unpack(tar(Map.of("absolute/a", "a", "up/b", "b", "../../c", "c")));
        assertThat(outside).isEmptyDirectory();
        assertThat(folder.resolve("c")).doesNotExist();
        assertThat(root.folder().resolve("c")).hasContent("c");
    }

    @Test
    void linksInACircleAreAnError() throws IOException {
        RootFs root = root("root");
        root.link("/a", "b");
        root.link("/b", "a");
        assertThatThrownBy(() -> root.at("/a/file")).hasMessageContaining("too many symbolic links");
    }

    @Test
    void whiteoutsTakeAwayWhatEarlierLayersHad() throws IOException {
        RootFs root = root("root");
        write(root, "/etc/gone", "1");
        write(root, "/opt/all/gone", "2");
        root.unpack(tar(Map.of("etc/.wh.gone", "", "opt/all/.wh..wh..opq", "", "opt/all/new", "3")));
        assertThat(root.has("/etc/gone")).isFalse();
        assertThat(root.has("/opt/all/gone")).isFalse();
        assertThat(root.at("/opt/all/new")).hasContent("3");
    }

    @Test
    void aLayerThatWouldHaveToTakeSomethingAwayIsRefused() throws IOException {
        RootFs root = root("root");
        write(root, "/etc/a", "1");
        root.commit("base", folder.resolve("base.tar"));
        root.delete("/etc/a");
        assertThatThrownBy(() -> commit(root)).hasMessage("/etc/a: gone since the layer before; a layer can only add");
    }

    @Test
    void anExecutableOfTheSourceIsOneInTheImage() throws IOException {
        Path source = Files.createDirectories(folder.resolve("source/bin"));
        Path program = Files.writeString(source.resolve("program"), "x");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-x--x"));
        RootFs root = root("root");
        root.copyTree(folder.resolve("source"), "/");
        assertThat(Objects.requireNonNull(content(commit(root)).get("bin/program"))
                                .getMode()
                        & 0777)
                .isEqualTo(0751);
    }

    private RootFs root(String name) throws IOException {
        var root = new RootFs(folder.resolve(name));
        root.settle();
        return root;
    }

    private Layer commit(RootFs root) throws IOException {
        return root.commit("test", folder.resolve(root.folder().getFileName() + ".tar"));
    }

    private static void write(RootFs root, String path, String text) throws IOException {
        root.write(new ByteArrayInputStream(bytes(text)), path, 0644);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Files by name, in the order of their names; a name with a slash at its end is a folder. */
    private static ByteArrayInputStream tar(Map<String, String> files) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var out = new TarArchiveOutputStream(bytes)) {
            for (Map.Entry<String, String> each : new TreeMap<>(files).entrySet()) {
                // Names as they are: the library would drop a leading "..".
                var entry = new TarArchiveEntry(
                        each.getKey(),
                        each.getKey().endsWith("/") ? TarConstants.LF_DIR : TarConstants.LF_NORMAL,
                        true);
                entry.setMode(each.getKey().endsWith("/") ? 0755 : 0644);
                entry.setSize(bytes(each.getValue()).length);
                out.putArchiveEntry(entry);
                out.write(bytes(each.getValue()));
                out.closeArchiveEntry();
            }
        }
        return new ByteArrayInputStream(bytes.toByteArray());
    }

    private static Map<String, TarArchiveEntry> content(Layer layer) throws IOException {
        Map<String, TarArchiveEntry> found = new TreeMap<>();
        try (var in = new TarArchiveInputStream(Files.newInputStream(layer.file()))) {
            for (TarArchiveEntry each = in.getNextEntry(); each != null; each = in.getNextEntry()) {
                found.put(each.getName(), each);
            }
        }
        return found;
    }
}
