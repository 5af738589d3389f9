package dev.sidestep.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ScreenTest {
    private final ByteArrayOutputStream drawn = new ByteArrayOutputStream();
    private final Cast cast = new Cast() {
        @Override
        public SortedMap<String, PodState> pods() {
            return new TreeMap<>();
        }

        @Override
        public void check() {}
    };
    private final Screen screen = new Screen(
            new PrintStream(drawn, true, StandardCharsets.UTF_8),
            true,
            new Panel(cast, new Observations(), new TreeMap<>()));

    @Test
    void leavesAloneWhatIsPrintedAfterItsEnd() {
        screen.start();
        screen.chapter("The end");
        screen.close();
        int size = drawn.size();
        screen.close();
        assertThat(drawn.size()).isEqualTo(size);
    }

    @Test
    void drawsWhatWasSaidBeforeItsEnd() {
        screen.start();
        screen.event("something");
        screen.close();
        assertThat(drawn.toString(StandardCharsets.UTF_8)).contains("0:00  something");
    }
}
