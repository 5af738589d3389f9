package dev.sidestep.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ChildProcessTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);

    @Test
    void keepsBothOutputsAndGivesTheExitCode() {
        try (ChildProcess child = shell("echo $WHO; echo trouble >&2; exit 3")) {
            child.awaitLine("trouble", LIMIT);
            assertThat(child.awaitExit(LIMIT)).isEqualTo(3);
            assertThat(child.output()).containsExactly("world", "trouble");
        }
    }

    @Test
    void hasAllThatWasPrintedWhenItHasEnded() {
        for (int round = 0; round < 20; round++) {
            try (ChildProcess child = shell("seq 1 20000")) {
                assertThat(child.awaitExit(LIMIT)).isZero();
                assertThat(child.output()).hasSize(20_000);
            }
        }
    }

    @Test
    void saysWhatItPrintedWhenTheAwaitedLineNeverComes() {
        try (ChildProcess child = shell("echo something else")) {
            assertThatThrownBy(() -> child.awaitLine("ready", LIMIT))
                    .hasMessageContaining("ready")
                    .hasMessageContaining("something else");
        }
    }

    @Test
    void leavesNoGrandchildren() {
        long grandchild;
        try (ChildProcess child = shell("sleep 600 & echo $!; wait")) {
            grandchild = Long.parseLong(child.awaitLine("a number", line -> line.matches("\\d+"), LIMIT));
        }
        Await.until(
                "the end of the grandchild",
                LIMIT,
                () -> ProcessHandle.of(grandchild)
                        .filter(ProcessHandle::isAlive)
                        .isEmpty());
    }

    private static ChildProcess shell(String script) {
        return ChildProcess.start("script", List.of("sh", "-c", script), Map.of("WHO", "world"), Path.of(""));
    }
}
