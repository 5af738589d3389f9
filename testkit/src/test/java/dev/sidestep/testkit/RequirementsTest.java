package dev.sidestep.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;

class RequirementsTest {
    @TempDir
    Path root;

    @Test
    void notesWhichTestWasLeftOutAndWhy() throws IOException {
        assertThat(Requirements.leftOut("no program envoy", false, root)).isInstanceOf(TestAbortedException.class);
        try (Stream<Path> notes = Files.list(root.resolve("target/left-out"))) {
            assertThat(notes.toList())
                    .singleElement()
                    .satisfies(note -> assertThat(Files.readString(note))
                            .isEqualTo("  RequirementsTest.notesWhichTestWasLeftOutAndWhy: no program envoy\n"));
        }
    }

    @Test
    void failsInsteadWhereAllIsRequired() {
        assertThatThrownBy(() -> Requirements.leftOut("no program envoy", true, root))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("no program envoy");
    }

    @Test
    void findsAProgramOnThePath() {
        assertThat(Requirements.program("sh")).isExecutable();
    }
}
