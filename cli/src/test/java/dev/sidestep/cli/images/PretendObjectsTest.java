package dev.sidestep.cli.images;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class PretendObjectsTest {
    private final PretendObjects objects = new PretendObjects();
    private final List<String> events = new ArrayList<>();

    @Test
    void aWatcherHearsWhatHappenedSinceItsList() {
        put("before");
        long listed = objects.list("pods", each -> true)
                .path("metadata")
                .path("resourceVersion")
                .asLong();
        put("between");

        objects.watch("pods", listed, this::hear);
        put("after");
        put("after");
        objects.delete("pods", "training", "after");

        assertThat(events).containsExactly("MODIFIED between", "ADDED after", "MODIFIED after", "DELETED after");
    }

    @Test
    void aWatcherHearsNothingOfOtherKinds() {
        objects.watch("nodes", 0, this::hear);

        put("some");

        assertThat(events).isEmpty();
    }

    private void put(String name) {
        objects.put("pods", "{\"metadata\": {\"namespace\": \"training\", \"name\": \"" + name + "\"}}");
    }

    private void hear(String event) {
        var tree = new JsonMapper().readTree(event);
        events.add(tree.path("type").asString() + " "
                + tree.path("object").path("metadata").path("name").asString());
    }
}
