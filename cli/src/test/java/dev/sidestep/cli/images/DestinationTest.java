package dev.sidestep.cli.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sidestep.testkit.ChildProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DestinationTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "registry.example.com/team, registry.example.com/team/sidecar:1",
        "registry.example.com/team/, registry.example.com/team/sidecar:1",
        "localhost:5000, localhost:5000/sidecar:1",
        "localhost, localhost/sidecar:1",
        "127.0.0.1:5000/a/b, 127.0.0.1:5000/a/b/sidecar:1",
        "kind:blue, sidecar:1",
        "./images, sidecar:1",
        "/images, sidecar:1"
    })
    void namesAreThoseThatPodsPull(String to, String name) {
        assertThat(Destination.parse(to).name("sidecar:1")).isEqualTo(name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "images-of-mine", "kind:", "https://registry.example.com", "Registry.Example.com/x"})
    void whatIsNeitherIsRefused(String to) {
        assertThatThrownBy(() -> Destination.parse(to))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("--to: \"" + to + "\" (expected: a registry such as ");
    }

    @Test
    void aFolderGetsOneArchiveEach() throws Exception {
        Path archive = Files.writeString(folder.resolve("built"), "image");
        Path target = folder.resolve("new/images");
        assertThat(new Destination.Folder(target).take(archive, "sidecar", "sidecar:1"))
                .isEqualTo("wrote sidecar:1 to " + target.resolve("sidecar.tar"));
        assertThat(target.resolve("sidecar.tar")).hasContent("image");
        assertThat(target).isDirectoryContaining("glob:**/sidecar.tar").isDirectoryNotContaining("glob:**/built");
    }

    @Test
    void kindIsToldTheArchiveAndTheCluster() throws IOException {
        Path archive = Files.writeString(folder.resolve("built"), "image");
        Path said = folder.resolve("said");
        program("kind", "echo \"$@\" > " + said + "; cat \"$3\" >> " + said);
        assertThat(loadIntoKind(archive)).containsExactly("loaded sidecar:1 into blue");
        assertThat(said).hasContent("load image-archive " + archive + " --name blue\nimage");
    }

    @Test
    void whatKindSaysWhenItFailsIsPassedOn() throws IOException {
        program("kind", "echo 'ERROR: no nodes found for cluster \"blue\"' >&2; exit 1");
        assertThat(loadIntoKind(folder))
                .containsExactly("kind failed (1); it said: ERROR: no nodes found for cluster \"blue\"");
    }

    @Test
    void withoutKindTheFixIsNamed() throws IOException {
        assertThat(loadIntoKind(folder))
                .singleElement()
                .asString()
                .startsWith("kind: cannot be run (")
                .endsWith("; install kind (https://kind.sigs.k8s.io), or write the images to a folder");
    }

    @Test
    void aRequestIsCheckedBeforeAnythingIsBuilt() {
        assertThatThrownBy(() -> request("./x", Set.of("sidecar", "proxy"), "1"))
                .hasMessage("--only: \"proxy\" (expected: control-plane, sidecar, agent, demo)");
        assertThatThrownBy(() -> request("./x", Set.of("sidecar"), "a b"))
                .hasMessage("--tag: \"a b\" (expected: letters, digits, dots, dashes)");
    }

    private static Images.Request request(String to, Set<String> only, String tag) {
        return new Images.Request(to, Optional.empty(), Optional.empty(), only, tag);
    }

    /** In a JVM of its own, with only our programs on the path. */
    private List<String> loadIntoKind(Path archive) {
        try (var child = ChildProcess.start(
                "kind",
                List.of(
                        Path.of(System.getProperty("java.home"), "bin/java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        LoadIntoKind.class.getName(),
                        archive.toString()),
                Map.of("PATH", folder.resolve("bin").toString() + ":/usr/bin:/bin", "JAVA_TOOL_OPTIONS", ""),
                folder)) {
            child.awaitExit(Duration.ofSeconds(60));
            return child.output();
        }
    }

    private void program(String name, String script) throws IOException {
        Path program = Files.createDirectories(folder.resolve("bin")).resolve(name);
        Files.writeString(program, "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** Its main loads an archive into the cluster "blue". */
    static final class LoadIntoKind {
        private LoadIntoKind() {}

        public static void main(String[] args) throws Exception {
            try {
                System.out.println(Destination.parse("kind:blue").take(Path.of(args[0]), "sidecar", "sidecar:1"));
            } catch (ImageException e) {
                System.out.println(e.getMessage());
            }
        }
    }
}
