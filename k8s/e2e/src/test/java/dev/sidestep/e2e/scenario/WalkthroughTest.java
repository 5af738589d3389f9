package dev.sidestep.e2e.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class WalkthroughTest {
    @Test
    void aBlockHasItsCommandsAndWhatIsExpectedOfThem() {
        String page = "Text\n```sh\none\ntwo\n```\n<!-- expect: 30080 -->\n```sh\nthree\n```\nMore\n";
        assertThat(Walkthrough.blocks(page))
                .containsExactly(new Walkthrough.Block("one\ntwo\n", "30080"), new Walkthrough.Block("three\n", ""));
    }

    @Test
    void noCommandOfTheTutorialIsLeftOut() throws IOException {
        String page = Files.readString(Path.of("../../docs/tutorial.md"));
        List<String> commands = Walkthrough.blocks(page).stream()
                .flatMap(each -> each.commands().lines())
                .toList();
        long fenced = page.lines()
                .filter(each -> each.startsWith("kubectl ") || each.startsWith("./sidestep "))
                .count();
        assertThat(commands).hasSize((int) fenced).isNotEmpty();
    }
}
