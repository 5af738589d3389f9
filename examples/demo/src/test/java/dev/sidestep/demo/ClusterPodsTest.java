package dev.sidestep.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ClusterPodsTest {
    private final List<String> running = new ArrayList<>();
    private final ClusterPods pods = new ClusterPods("push it", (pod, container) -> running.add(pod + " " + container));

    @Test
    void aPodStartsIsReadyIsKilledAndIsReadyAgain() {
        see(starting(), false);
        assertThat(pods.pods()).containsEntry("backend-0", PodState.STARTING);
        see(runs("one", 0), true);
        assertThat(pods.pods()).containsEntry("backend-0", PodState.READY);
        see(ended(), false);
        assertThat(pods.pods()).containsEntry("backend-0", PodState.KILLED);
        see(runs("two", 1), false);
        assertThat(pods.pods()).containsEntry("backend-0", PodState.KILLED);
        see(runs("two", 1), true);
        assertThat(pods.pods()).containsEntry("backend-0", PodState.READY);
    }

    @Test
    void theLogOfEachContainerIsFollowedOnce() {
        see(starting(), false);
        see(runs("one", 0), false);
        see(runs("one", 0), true);
        see(ended(), false);
        see(runs("two", 1), true);
        assertThat(running).containsExactly("backend-0 one", "backend-0 two");
    }

    @Test
    void aPodIsReadySinceItWasFirstTold() {
        see(runs("one", 0), true);
        long since = pods.pod("backend-0").orElseThrow().sinceMicros();
        see(runs("one", 0), true);
        assertThat(pods.pod("backend-0").orElseThrow().sinceMicros()).isEqualTo(since);
    }

    @Test
    void anImageThatCannotBePulledIsNamedWithTheFix() {
        ContainerStatus refused = status(0)
                .withNewState()
                .withNewWaiting("no such host", "ImagePullBackOff")
                .endState()
                .build();
        see(refused, false);
        assertThatThrownBy(pods::check)
                .hasMessage("pod backend-0: image r/demo:1 cannot be pulled (no such host); push it");
    }

    @Test
    void anEndIsTroubleUnlessItWasAskedFor() {
        see(runs("one", 0), true);
        assertThatCode(pods::check).doesNotThrowAnyException();
        see(runs("two", 1), true);
        assertThatThrownBy(pods::check).hasMessage("pod backend-0: its program ended with code 137");
        pods.mayEnd("backend-0");
        assertThatCode(pods::check).doesNotThrowAnyException();
    }

    @Test
    void onlyBackendsAreShown() {
        pods.onAdd(new PodBuilder()
                .withNewMetadata()
                .withName("frontend-agent")
                .addToLabels("app", "frontend")
                .endMetadata()
                .withNewStatus()
                .endStatus()
                .build());
        assertThat(pods.pods()).isEmpty();
        assertThat(pods.pod("frontend-agent")).isPresent();
    }

    @Test
    void everyPlaceInTheManifestsIsFilled() {
        Map<String, Object> backends = Map.of("REPLICAS", 3, "IMAGE", "demo:1", "PULL_POLICY", "Never");
        Map<String, Object> frontend = Map.of("NAME", "a", "INJECT", "agent", "IMAGE", "b", "PULL_POLICY", "Never");
        assertThat(Manifests.fill("cluster.yaml", backends)).doesNotContain("${");
        String yaml = Manifests.fill("cluster-frontend.yaml", frontend);
        assertThat(yaml).doesNotContain("${");
        Pod pod = Serialization.unmarshal(yaml, Pod.class);
        assertThat(pod.getMetadata().getLabels()).containsEntry("sidestep.dev/inject", "agent");
        assertThat(pod.getSpec().getContainers().get(0).getArgs()).endsWith("--name", "a");
    }

    private void see(ContainerStatus status, boolean ready) {
        pods.onAdd(new PodBuilder()
                .withNewMetadata()
                .withName("backend-0")
                .addToLabels("app", "backend")
                .endMetadata()
                .withNewStatus()
                .addNewCondition()
                .withType("Ready")
                .withStatus(ready ? "True" : "False")
                .endCondition()
                .withContainerStatuses(status)
                .endStatus()
                .build());
    }

    private static ContainerStatusBuilder status(int restarts) {
        return new ContainerStatusBuilder()
                .withName("app")
                .withImage("r/demo:1")
                .withRestartCount(restarts);
    }

    private static ContainerStatus starting() {
        return status(0)
                .withNewState()
                .withNewWaiting(null, "ContainerCreating")
                .endState()
                .build();
    }

    private static ContainerStatus runs(String id, int restarts) {
        return status(restarts)
                .withContainerID(id)
                .withNewState()
                .withNewRunning("2026-01-01T00:00:00Z")
                .endState()
                .withNewLastState()
                .withNewTerminated()
                .withExitCode(137)
                .endTerminated()
                .endLastState()
                .build();
    }

    private static ContainerStatus ended() {
        return status(0)
                .withContainerID("one")
                .withNewState()
                .withNewTerminated()
                .withExitCode(137)
                .endTerminated()
                .endState()
                .build();
    }
}
