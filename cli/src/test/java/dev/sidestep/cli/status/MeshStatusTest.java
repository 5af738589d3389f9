package dev.sidestep.cli.status;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.cli.status.MeshStatus.ClientPod;
import dev.sidestep.cli.status.MeshStatus.Replica;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MeshStatusTest {
    private static final Replica REPLICA = new Replica("control-plane-1", "node-1", "0.1.0", true, 2, List.of());

    @Test
    void aWorkloadIsALineWithItsPodsCounted() {
        assertThat(of(
                                List.of(injected("backend-1", "sidecar"), injected("backend-2", "sidecar")),
                                List.of(new ClientPod("shop", "backend-1")))
                        .lines())
                .containsExactly(
                        "CONTROL PLANE    NODE    VERSION  READY  CLIENTS",
                        "control-plane-1  node-1  0.1.0    yes    2",
                        "",
                        "NAMESPACE  WORKLOAD            INJECTED  AS       VERSION  CONNECTED  NOTE",
                        "shop       deployment/backend  2/2       sidecar  0.1.0    1/2");
    }

    @Test
    void aPodThatTheInjectorNeverSawIsNamedWithWhatHelps() {
        var workload = of(List.of(missed("backend-1", ""), injected("backend-2", "agent")), List.of())
                .workloads()
                .get(0);
        assertThat(workload.complete()).isFalse();
        assertThat(workload.notes())
                .containsExactly("1 labelled, not injected: made before the label, or while no control plane"
                        + " answered; kubectl rollout restart -n shop deployment/backend");
    }

    @Test
    void aPodThatTheInjectorDeclinedIsNamedWithItsReason() {
        var workload = of(List.of(missed("backend-1", "hostNetwork is on")), List.of())
                .workloads()
                .get(0);
        assertThat(workload.notes()).containsExactly("1 labelled, not injected: hostNetwork is on");
    }

    @Test
    void aPodThatGotSomethingElseThanItAskedForIsNotedWithTheReason() {
        var other = new PodFacts(
                "shop", "b-1", "deployment/b", true, Optional.of("agent"), "0.1.0", "Pod Security forbids it", "");
        var workload = of(List.of(other), List.of()).workloads().get(0);
        assertThat(workload.complete()).isTrue();
        assertThat(workload.notes()).containsExactly("Pod Security forbids it");
    }

    @Test
    void whoNeitherAsksNorIsInjectedIsNotShown() {
        var plain = new PodFacts("shop", "plain-1", "deployment/plain", false, Optional.empty(), "", "", "");
        MeshStatus status = of(List.of(plain), List.of());
        assertThat(status.workloads()).isEmpty();
        assertThat(status.lines())
                .last()
                .asString()
                .isEqualTo("no pod asks for Sidestep; kubectl label namespace NAME sidestep.dev/inject=enabled");
    }

    @Test
    void aClientOutsideOfThePodsIsCountedApart() {
        MeshStatus status = of(List.of(injected("backend-1", "grpc")), List.of(new ClientPod("", "")));
        assertThat(status.otherClients()).isEqualTo(1);
    }

    @Test
    void withoutAControlPlaneTheInjectionIsStillShownAndConnectionsAreUnknown() {
        MeshStatus status =
                MeshStatus.of(List.of(), "no control plane runs", List.of(injected("b", "agent")), List.of());
        assertThat(status.lines().get(0)).isEqualTo("control plane: no control plane runs");
        assertThat(status.lines()).last().asString().endsWith("?");
    }

    private static MeshStatus of(List<PodFacts> pods, List<ClientPod> clients) {
        return MeshStatus.of(List.of(REPLICA), "", pods, clients);
    }

    private static PodFacts injected(String name, String as) {
        return new PodFacts("shop", name, "deployment/backend", true, Optional.of(as), "0.1.0", "", "");
    }

    private static PodFacts missed(String name, String reason) {
        return new PodFacts("shop", name, "deployment/backend", true, Optional.empty(), "", reason, "");
    }
}
