package dev.sidestep.cli.images;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ClassOriginsTest {
    private static final String SAID = """
            java.lang.Object source: shared objects file
            dev.sidestep.cli.Main source: shared objects file
            2026-01-01T00:00:00Z INFO ControlPlane - source: shared objects file
            org.example.Late source: file:/opt/sidestep/lib/example.jar
            org.example.Late$$Lambda/0x0000000012345678 source: org.example.Late
            """;

    private final ClassOrigins origins = new ClassOrigins();

    @Test
    void classesAreCountedByWhereTheyCameFrom() throws IOException {
        read();

        assertThat(origins.classes()).isEqualTo(4);
        assertThat(origins.archived()).isEqualTo(2);
    }

    @Test
    void whatIsNotAboutClassesIsPassedOn() throws IOException {
        assertThat(read()).isEqualTo("2026-01-01T00:00:00Z INFO ControlPlane - source: shared objects file\n");
    }

    private String read() throws IOException {
        var others = new ByteArrayOutputStream();
        origins.read(
                new ByteArrayInputStream(SAID.getBytes(StandardCharsets.UTF_8)),
                new PrintStream(others, true, StandardCharsets.UTF_8));
        return others.toString(StandardCharsets.UTF_8);
    }
}
