package dev.sidestep.cli.status;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PodFactsTest {
    @Test
    void thePodsLabelWinsOverItsNamespaces() {
        assertThat(PodFacts.asked("", "")).isFalse();
        assertThat(PodFacts.asked("enabled", "")).isTrue();
        assertThat(PodFacts.asked("", "sidecar")).isTrue();
        assertThat(PodFacts.asked("enabled", "disabled")).isFalse();
        assertThat(PodFacts.asked("true", "false")).isFalse();
        assertThat(PodFacts.asked("disabled", "agent")).isTrue();
    }

    @Test
    void aPodOfADeploymentIsCountedThereAndNotAtItsReplicaSet() {
        Pod pod = new PodBuilder()
                .withNewMetadata()
                .withName("backend-6d4cf56db6-x2x7k")
                .withNamespace("shop")
                .addToLabels("pod-template-hash", "6d4cf56db6")
                .addNewOwnerReference()
                .withKind("ReplicaSet")
                .withName("backend-6d4cf56db6")
                .withController(true)
                .endOwnerReference()
                .endMetadata()
                .build();
        assertThat(PodFacts.of(pod, namespace("shop", "")).workload()).isEqualTo("deployment/backend");
    }

    @Test
    void whatTheInjectorSaysIsReadAndWhatIsNotJsonIsNot() {
        PodFacts declined = PodFacts.of(
                pod(Map.of(), Map.of("sidestep.dev/status", "{\"mode\":\"none\",\"reason\":\"hostNetwork\"}")),
                namespace("shop", "enabled"));
        assertThat(declined.asked()).isTrue();
        assertThat(declined.injectedAs()).isEmpty();
        assertThat(declined.reason()).isEqualTo("hostNetwork");
        assertThat(declined.workload()).isEqualTo("pod/one");

        PodFacts foreign =
                PodFacts.of(pod(Map.of(), Map.of("sidestep.dev/status", "yes")), namespace("shop", "enabled"));
        assertThat(foreign.reason()).isEmpty();
    }

    @Test
    void howItIsInjectedIsToldAsExactlyAsTheInjectorDoes() {
        Map<String, String> label = Map.of("sidestep.dev/injected", "sidecar");
        assertThat(PodFacts.of(pod(label, Map.of()), namespace("shop", "enabled"))
                        .injectedAs())
                .contains("sidecar");
        assertThat(PodFacts.of(
                                pod(label, Map.of("sidestep.dev/status", "{\"mode\":\"proxy\"}")),
                                namespace("shop", "enabled"))
                        .injectedAs())
                .contains("proxy");
    }

    @Test
    void aPodOfTheSystemsNamespacesIsNeverMissed() {
        assertThat(PodFacts.of(pod(Map.of("sidestep.dev/inject", "agent"), Map.of()), namespace("kube-system", ""))
                        .asked())
                .isFalse();
    }

    @Test
    void theNarrowestModeIsTold() {
        Namespace off = new NamespaceBuilder(namespace("shop", "enabled"))
                .editMetadata()
                .addToAnnotations("sidestep.dev/mode", "off")
                .endMetadata()
                .build();
        assertThat(PodFacts.of(pod(Map.of(), Map.of()), off).mode()).isEqualTo("off");
        assertThat(PodFacts.of(pod(Map.of(), Map.of("sidestep.dev/mode", "observe")), off)
                        .mode())
                .isEqualTo("observe");
    }

    private static Pod pod(Map<String, String> labels, Map<String, String> annotations) {
        return new PodBuilder()
                .withNewMetadata()
                .withName("one")
                .withNamespace("shop")
                .withLabels(labels)
                .withAnnotations(annotations)
                .endMetadata()
                .build();
    }

    private static Namespace namespace(String name, String inject) {
        return new NamespaceBuilder()
                .withNewMetadata()
                .withName(name)
                .withLabels(inject.isEmpty() ? Map.of() : Map.of("sidestep.dev/inject", inject))
                .endMetadata()
                .build();
    }
}
