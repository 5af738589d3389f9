package dev.sidestep.cli.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DockerArchiveTest {
    @TempDir
    Path folder;

    @Test
    void anImageIsTheSameBytesForTheSameInput() throws Exception {
        Path one = image("one", "hello");
        Path other = image("other", "hello");
        assertThat(one).hasSameBinaryContentAs(other);
        assertThat(Files.mismatch(one, image("third", "bye"))).isNotEqualTo(-1);
    }

    @Test
    void whatWasWrittenCanBeTheBaseOfAnother() throws Exception {
        Path work = Files.createDirectory(folder.resolve("work"));
        var root = new RootFs(folder.resolve("root"));
        Base base = DockerArchive.read(image("one", "hello"), root, work);
        assertThat(root.at("/etc/greeting")).hasContent("hello");
        assertThat(base.layers())
                .singleElement()
                .extracting(Layer::diffId)
                .asString()
                .startsWith("sha256:");
        assertThat(base.environment()).containsEntry("COLOUR", "blue");
        // Nothing of the base is in a layer over it.
        Base.write(root, "/etc/more", "more");
        assertThat(Files.size(root.commit("more", folder.resolve("more.tar")).file()))
                .isLessThan(20_000);
    }

    @Test
    void aCompressedArchiveIsReadToo() throws Exception {
        Path image = image("one", "hello");
        Path zipped = folder.resolve("one.tar.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(zipped))) {
            Files.copy(image, out);
        }
        assertThat(DockerArchive.is(zipped)).isTrue();
        var root = new RootFs(folder.resolve("root"));
        DockerArchive.read(zipped, root, Files.createDirectory(folder.resolve("work")));
        assertThat(root.at("/etc/greeting")).hasContent("hello");
    }

    @Test
    void aRootFileSystemIsNoImage() throws Exception {
        var root = new RootFs(folder.resolve("root"));
        Base.write(root, "/etc/greeting", "hello");
        Layer layer = root.commit("base", folder.resolve("layer.tar"));
        assertThat(DockerArchive.is(layer.file())).isFalse();
    }

    @Test
    void aBaseWithoutGlibcIsRefusedInOneLine() throws Exception {
        var packages = new DebianPackages(folder.resolve("cache"));
        Path work = Files.createDirectory(folder.resolve("work"));
        Path image = image("one", "hello");
        assertThatThrownBy(() -> Base.load(image.toString(), new RootFs(folder.resolve("root")), work, packages))
                .isInstanceOf(ImageException.class)
                .hasMessage("--base " + image + ": has no /lib64/ld-linux-x86-64.so.2"
                        + " (expected: a root file system with glibc, for amd64)");
        assertThatThrownBy(() -> Base.load("./nowhere", new RootFs(folder.resolve("other")), work, packages))
                .hasMessage("--base ./nowhere: no such folder or archive");
    }

    private Path image(String name, String greeting) throws IOException {
        var root = new RootFs(folder.resolve(name));
        root.settle();
        Base.write(root, "/etc/greeting", greeting);
        List<Layer> layers = List.of(root.commit("base", folder.resolve(name + "-layer.tar")));
        var config = new ImageConfig(
                List.of("/greet"), Map.of("COLOUR", "blue", "A", "1"), Recipe.USER, List.of(80, 22), Map.of());
        Path archive = folder.resolve(name + ".tar");
        String id = DockerArchive.write("greeter:test", config.toJson(Base.SCRATCH, layers), layers, archive);
        assertThat(id).startsWith("sha256:");
        return archive;
    }
}
