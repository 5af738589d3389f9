package dev.sidestep.cli.check;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.cli.check.Finding.Level;
import dev.sidestep.control.kube.Clients;
import dev.sidestep.control.settings.Settings;
import dev.sidestep.testkit.Requirements;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceQuotaBuilder;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What is asked of a real API server. */
class CheckIT {
    private static final String NAMESPACE = "chart-check-it";

    private static KubernetesClient client;

    @BeforeAll
    static void aNamespaceWithLittleRoom() throws IOException {
        client = Clients.connect(Optional.of(Requirements.kubeconfig()), Optional.empty());
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(NAMESPACE)
                        .addToLabels("pod-security.kubernetes.io/enforce", "restricted")
                        .endMetadata()
                        .build())
                .create();
        client.resource(new ResourceQuotaBuilder()
                        .withNewMetadata()
                        .withName("small")
                        .withNamespace(NAMESPACE)
                        .endMetadata()
                        .withNewSpec()
                        .withHard(Map.of("limits.memory", new Quantity("20Mi")))
                        .endSpec()
                        .build())
                .create();
    }

    @AfterAll
    static void takeItAway() {
        if (client != null) {
            client.namespaces().withName(NAMESPACE).delete();
            client.close();
        }
    }

    @Test
    void anAdministratorMayInstallHere() throws Exception {
        CheckReport report = Preflight.run(client, Optional.empty());
        assertThat(report.passed()).as("%s", report.lines()).isTrue();
        assertThat(report.findings())
                .extracting(Finding::subject)
                .contains("API server", "nodes", "your rights", "network");
    }

    @Test
    void aNamespaceIsLookedAtToo() throws Exception {
        CheckReport report = Preflight.run(client, Optional.of(NAMESPACE));
        assertThat(report.passed()).isFalse();
        assertThat(report.findings())
                .anySatisfy(finding -> assertThat(finding.said())
                        .contains("small leaves too little limits.memory (128Mi needed of 20Mi in all)"))
                .anySatisfy(finding -> assertThat(finding.said()).contains(NAMESPACE + " enforces \"restricted\""));
        assertThat(Preflight.run(client, Optional.of("chart-no-such")).findings())
                .anySatisfy(finding -> assertThat(finding.said()).isEqualTo("there is no namespace chart-no-such"));
    }

    @Test
    void whoMayNothingIsToldSoAndTheRestIsLookedAtAllTheSame() throws Exception {
        var nobody = new ConfigBuilder(client.getConfiguration())
                .withImpersonateUsername("chart-nobody")
                .build();
        try (var asNobody = new KubernetesClientBuilder().withConfig(nobody).build()) {
            CheckReport report = Preflight.run(asNobody, Optional.empty());
            assertThat(report.passed()).isFalse();
            assertThat(of(report, "your rights").level()).isEqualTo(Level.FAILED);
            assertThat(of(report, "your rights").said()).contains("create mutatingwebhookconfigurations");
            assertThat(of(report, "nodes").said()).isEqualTo("cannot be looked at");
            assertThat(of(report, "nodes").fix()).contains("nodes is forbidden: User \"chart-nobody\"");
            assertThat(of(report, "API server").level()).isEqualTo(Level.OK);
        }
    }

    @Test
    void anApiServerThatIsNotThereIsSaidOnce() throws Exception {
        var nowhere = new ConfigBuilder(client.getConfiguration())
                .withMasterUrl("https://127.0.0.1:1/")
                .build();
        try (var toNobody = new KubernetesClientBuilder().withConfig(nowhere).build()) {
            assertThat(Preflight.run(toNobody, Optional.empty()).findings())
                    .singleElement()
                    .satisfies(finding -> assertThat(finding.said()).contains("no answer from https://127.0.0.1:1/"));
        }
    }

    @Test
    void imagesThatNoRegistryHasAreToldWithTheReason() {
        List<Finding> findings = new ImagePull(
                        client, "default", new Settings.Image("registry.invalid/sidestep", "0", "IfNotPresent"))
                .look();
        assertThat(findings).hasSize(2).allSatisfy(finding -> {
            assertThat(finding.level()).isEqualTo(Level.FAILED);
            assertThat(finding.said()).startsWith("registry.invalid/sidestep/").contains("cannot be pulled");
        });
        assertThat(client.pods().inNamespace("default").list().getItems())
                .as("nothing stays")
                .noneMatch(pod -> pod.getMetadata().getName().startsWith("sidestep-check-")
                        && pod.getMetadata().getDeletionTimestamp() == null);
    }

    @Test
    void aPodThatMayNotBeMadeLeavesTheQuestionOpen() {
        List<Finding> findings = new ImagePull(client, NAMESPACE, new Settings.Image("", "0", "IfNotPresent")).look();
        assertThat(findings).singleElement().satisfies(finding -> {
            assertThat(finding.level()).isEqualTo(Level.NOTE);
            assertThat(finding.said()).contains("exceeded quota: small");
        });
    }

    @Test
    void withoutAnInjectorTheTrialSaysSo() {
        assertThat(new InjectionTrial(client, "kube-public").look())
                .singleElement()
                .satisfies(finding -> assertThat(finding.level()).isEqualTo(Level.FAILED));
    }

    private static Finding of(CheckReport report, String subject) {
        return report.findings().stream()
                .filter(finding -> finding.subject().equals(subject))
                .findFirst()
                .orElseThrow();
    }
}
