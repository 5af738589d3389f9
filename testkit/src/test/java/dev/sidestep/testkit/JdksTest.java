package dev.sidestep.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JdksTest {
    @TempDir
    Path disk;

    @Test
    void findsTheRunningJdk() {
        assertThat(Jdks.ofThisMachine().find(Runtime.version().feature())).isPresent();
    }

    @Test
    void prefersTheEnvironmentToTheNeighbourhoodAndThatToTheCache() throws IOException {
        Path running = jdk("jvm/17", "17.0.9");
        Path neighbour = jdk("jvm/21", "21");
        jdk("cache/jdks/21", "21.0.8");
        Path cached = jdk("cache/jdks/11", "11.0.13");
        Path legacy = jdk("elsewhere/8", "1.8.0_401");
        Jdks jdks = new Jdks(Map.of("SIDESTEP_TEST_JDK_8", legacy.toString()), running, disk.resolve("cache"));

        assertThat(jdks.find(17)).contains(new Jdk(17, running));
        assertThat(jdks.find(21)).contains(new Jdk(21, neighbour));
        assertThat(jdks.find(11)).contains(new Jdk(11, cached));
        assertThat(jdks.find(8)).contains(new Jdk(8, legacy));
        assertThat(jdks.find(25)).isEmpty();
    }

    private Path jdk(String folder, String version) throws IOException {
        Path home = disk.resolve(folder);
        Files.createDirectories(home.resolve("bin"));
        Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n");
        assertThat(Files.createFile(home.resolve("bin/java")).toFile().setExecutable(true))
                .isTrue();
        return home;
    }
}
