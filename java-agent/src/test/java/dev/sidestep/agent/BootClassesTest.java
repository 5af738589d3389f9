package dev.sidestep.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class BootClassesTest {
    @Test
    void everyClassOfTheBootPackageIsDefined() throws IOException {
        assertThat(BootClasses.NAMES).containsExactlyInAnyOrderElementsOf(classesIn("boot"));
    }

    @Test
    void everyClassOfTheGrpcPackageIsDefined() throws IOException {
        assertThat(dev.sidestep.agent.weave.GrpcClient.client().helpers())
                .containsExactlyInAnyOrderElementsOf(classesIn("grpc").stream()
                        .map(name -> "dev.sidestep.agent.grpc." + name)
                        .toList());
    }

    private static List<String> classesIn(String folder) throws IOException {
        try (Stream<Path> files = Files.list(Path.of("target", "classes", "dev", "sidestep", "agent", folder))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".class") && !name.startsWith("package-info"))
                    .map(name -> name.substring(0, name.length() - ".class".length()))
                    .toList();
        }
    }
}
