package dev.sidestep.control.index;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.concurrent.VirtualTimeExecutor;
import dev.sidestep.control.index.Item.NodeItem;
import dev.sidestep.control.index.Item.PodItem;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class WorkloadIndexTest {
    private final VirtualTimeExecutor owner = new VirtualTimeExecutor();
    private final WorkloadIndex index = new WorkloadIndex(owner);
    private final List<String> heard = new ArrayList<>();

    @BeforeEach
    void listen() {
        index.listen(new WorkloadListener() {
            @Override
            public void onPod(Optional<PodItem> before, Optional<PodItem> after) {
                heard.add(before.map(PodItem::phase).orElse("-") + " to "
                        + after.map(PodItem::phase).orElse("-"));
            }

            @Override
            public void onNode(Optional<NodeItem> before, Optional<NodeItem> after) {
                heard.add(before.map(NodeItem::zone).orElse("-") + " to "
                        + after.map(NodeItem::zone).orElse("-"));
            }
        });
    }

    private static PodItem pod(
            String name, String phase, boolean terminating, boolean hostNetwork, String... addresses) {
        return new PodItem(
                ObjectKey.pod("default", name),
                "uid-" + name,
                List.of(addresses),
                hostNetwork,
                "n1",
                phase,
                terminating,
                Map.of(),
                Map.of(),
                Optional.empty());
    }

    private static PodItem running(String name, String... addresses) {
        return pod(name, "Running", false, false, addresses);
    }

    private void apply(Change... changes) {
        owner.run(() -> index.apply(List.of(changes)));
    }

    private String podOfAddress(String address) {
        var found = new ArrayList<String>();
        owner.run(() -> found.add(index.podOfAddress(address).map(PodItem::name).orElse("")));
        return found.get(0);
    }

    @Test
    void tellsOfRealDifferencesOnly() {
        apply(Change.put(pod("a", "Pending", false, false)));
        apply(Change.put(running("a", "10.0.0.1")));
        apply(Change.put(running("a", "10.0.0.1")));
        apply(Change.removed(ObjectKey.pod("default", "a")));
        apply(Change.removed(ObjectKey.pod("default", "a")));

        assertThat(heard).containsExactly("- to Pending", "Pending to Running", "Running to -");
    }

    @Test
    void findsThePodOfAnAddressInEitherFamily() {
        apply(Change.put(running("a", "10.0.0.1", "fd00::1")));

        assertThat(podOfAddress("10.0.0.1")).isEqualTo("a");
        assertThat(podOfAddress("fd00::1")).isEqualTo("a");
        assertThat(podOfAddress("10.0.0.2")).isEmpty();
    }

    @Test
    void aNodesAddressIsNoPods() {
        apply(Change.put(pod("a", "Running", false, true, "192.168.0.1")));

        assertThat(podOfAddress("192.168.0.1")).isEmpty();
    }

    @Test
    void anAddressFollowsItsNewPodWhateverTheOrderOfTheNews() {
        apply(Change.put(running("old", "10.0.0.1")));
        apply(Change.put(running("new", "10.0.0.1")));
        assertThat(podOfAddress("10.0.0.1")).isEqualTo("new");

        apply(Change.put(pod("old", "Running", true, false, "10.0.0.1")));
        assertThat(podOfAddress("10.0.0.1")).isEqualTo("new");
        apply(Change.removed(ObjectKey.pod("default", "old")));
        assertThat(podOfAddress("10.0.0.1")).isEqualTo("new");
    }

    @Test
    void aPodThatHasEndedGivesItsAddressBack() {
        apply(Change.put(running("job", "10.0.0.1")));
        apply(Change.put(pod("job", "Succeeded", false, false, "10.0.0.1")));

        assertThat(podOfAddress("10.0.0.1")).isEmpty();
    }

    @Test
    void nodesTellWhereTheyAre() {
        apply(Change.put(new NodeItem(ObjectKey.node("n1"), "zone-a", "region-1", List.of("192.168.0.1"))));
        apply(Change.put(new NodeItem(ObjectKey.node("n1"), "zone-b", "region-1", List.of("192.168.0.1"))));

        assertThat(heard).containsExactly("- to zone-a", "zone-a to zone-b");
    }
}
