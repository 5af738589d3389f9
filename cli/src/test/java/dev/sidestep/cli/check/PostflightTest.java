package dev.sidestep.cli.check;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.cli.check.Certificates.Shown;
import dev.sidestep.cli.check.Finding.Level;
import dev.sidestep.cli.status.MeshStatus;
import dev.sidestep.cli.status.PodFacts;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfiguration;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfigurationBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.ObjectMapper;

class PostflightTest {
    private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");

    private final ObjectMapper json = new ObjectMapper();

    @Test
    void allReplicasReadyOnTwoNodesIsFine() {
        assertThat(Rollout.judge(deployment(2), List.of(ready("a", "node-1"), ready("b", "node-2")), 2))
                .extracting(Finding::level)
                .containsExactly(Level.OK);
    }

    @Test
    void twoReplicasOnOneNodeAreNotedOnlyWhereThereIsAnother() {
        List<Pod> pods = List.of(ready("a", "node-1"), ready("b", "node-1"));
        assertThat(Rollout.judge(deployment(2), pods, 3))
                .extracting(Finding::level)
                .contains(Level.NOTE);
        assertThat(Rollout.judge(deployment(2), pods, 1))
                .extracting(Finding::level)
                .containsExactly(Level.OK);
    }

    @Test
    void anImageThatCannotBePulledIsNamedWithWhatHelps() {
        Finding finding = Rollout.judge(
                        deployment(2), List.of(waiting("ImagePullBackOff", "Back-off pulling image \"x\"")), 1)
                .get(0);
        assertThat(finding.level()).isEqualTo(Level.FAILED);
        assertThat(finding.said())
                .isEqualTo("0 of 2 replicas are ready; pod a: ImagePullBackOff: Back-off pulling image \"x\"");
        assertThat(finding.fix()).contains("image.registry");
    }

    @Test
    void aReplicaThatCrashesPointsAtItsLastLog() {
        assertThat(Rollout.judge(deployment(1), List.of(waiting("CrashLoopBackOff", "")), 1)
                        .get(0)
                        .fix())
                .isEqualTo("kubectl logs -n sidestep-system a --previous");
    }

    @Test
    void aWebhookWithoutCaBundleInjectsNothing() {
        Finding finding = Webhook.judge(webhook("", "Ignore")).orElseThrow();
        assertThat(finding.level()).isEqualTo(Level.FAILED);
        assertThat(finding.said()).contains("has not written the caBundle of namespace.injector.sidestep.dev");
        assertThat(Webhook.judge(webhook("LS0t", "Ignore"))).isEmpty();
    }

    @Test
    void aWebhookThatCouldStopPodsIsAFault() {
        assertThat(Webhook.judge(webhook("LS0t", "Fail")).orElseThrow().said())
                .contains("a control plane that is away stops pods");
    }

    @Test
    void aMissingWebhookOrEntryIsAFault() {
        assertThat(Webhook.judge(null).orElseThrow().level()).isEqualTo(Level.FAILED);
        MutatingWebhookConfiguration half = webhook("LS0t", "Ignore");
        half.getWebhooks().remove(1);
        assertThat(Webhook.judge(half).orElseThrow().said()).isEqualTo("entry pod.injector.sidestep.dev is missing");
    }

    @Test
    void theFirstCertificateToExpireCounts() {
        Shown late = shown("late", Duration.ofDays(-1), Duration.ofDays(300));
        assertThat(Certificates.judge(List.of(late, shown("soon", Duration.ofDays(-1), Duration.ofDays(2))), NOW)
                        .level())
                .isEqualTo(Level.OK);
        assertThat(Certificates.judge(List.of(late, shown("due", Duration.ofDays(-99), Duration.ofDays(1))), NOW)
                        .level())
                .as("in its last tenth and not renewed")
                .isEqualTo(Level.NOTE);
        Finding expired = Certificates.judge(List.of(late, shown("gone", Duration.ofDays(-9), Duration.ZERO)), NOW);
        assertThat(expired.level()).isEqualTo(Level.FAILED);
        assertThat(expired.said()).startsWith("gone: expired at 2026-11-23T12:00:00Z");
    }

    @Test
    void plaintextIsSaid() {
        Deployment deployment = deployment(2);
        assertThat(Plaintext.judge(deployment).level()).isEqualTo(Level.OK);
        deployment
                .getSpec()
                .getTemplate()
                .getSpec()
                .getContainers()
                .get(0)
                .setArgs(List.of("control-plane", "--allow-plaintext"));
        assertThat(Plaintext.judge(deployment).level()).isEqualTo(Level.NOTE);
    }

    @Test
    void aPodThatTheInjectorLeftNoWordOnWasNotShownToIt() {
        assertThat(InjectionTrial.judge("", Duration.ZERO).fix()).contains("16017");
        assertThat(InjectionTrial.judge("{\"mode\":\"agent\"}", Duration.ofMillis(20))
                        .level())
                .isEqualTo(Level.OK);
        assertThat(InjectionTrial.judge("{\"mode\":\"agent\"}", Duration.ofMillis(900))
                        .level())
                .isEqualTo(Level.NOTE);
    }

    @Test
    void anImageThatIsThereRunsNothingAndOneThatIsNotSaysWhy() {
        Pod pod = new PodBuilder()
                .withNewSpec()
                .withNodeName("node-1")
                .endSpec()
                .withNewStatus()
                .addNewContainerStatus()
                .withImage("registry/sidecar:1")
                .withImageID("registry/sidecar@sha256:1")
                .withNewState()
                .withNewTerminated()
                .withReason("StartError")
                .endTerminated()
                .endState()
                .endContainerStatus()
                .addNewContainerStatus()
                .withImage("registry/agent:1")
                .withNewState()
                .withNewWaiting()
                .withReason("ErrImagePull")
                .withMessage("not found")
                .endWaiting()
                .endState()
                .endContainerStatus()
                .endStatus()
                .build();
        List<Finding> findings = ImagePull.judge(pod);
        assertThat(findings).extracting(Finding::level).containsExactly(Level.OK, Level.FAILED);
        assertThat(findings.get(1).said()).contains("registry/agent:1 cannot be pulled (not found)");
    }

    @Test
    void replicasOfTwoVersionsAreARolloutUnderWay() {
        assertThat(Serving.version(List.of(replica("1", ""), replica("2", "")), "2")
                        .said())
                .isEqualTo("the replicas are of versions 1 and 2");
        assertThat(Serving.version(List.of(replica("2", "")), "2").level()).isEqualTo(Level.OK);
        assertThat(Serving.version(List.of(replica("2", "")), "1").level()).isEqualTo(Level.NOTE);
    }

    @Test
    void whatIsWrongWithManifestsIsToldOnceForAllReplicas() {
        String problems = "\"problems\": [\"Service a/b: port 0\"],";
        assertThat(Serving.source(List.of(replica("1", problems), replica("1", problems))))
                .extracting(Finding::said)
                .containsExactly("Service a/b: port 0");
    }

    @Test
    void aClientThatRefusesWhatItIsSentIsNamed() {
        List<Finding> findings = Serving.clients(List.of(replica("1", """
                "clients": [{"namespace": "shop", "pod": "web-1", "types": [{"refused":
                    {"resources": ["api"], "reason": "no endpoints"}}]}, {"pod": "web-2", "types": [{}]}],""")));
        assertThat(findings)
                .extracting(Finding::said)
                .containsExactly("2 connected", "shop/web-1 refused [\"api\"]: no endpoints");
    }

    @Test
    void podsThatAskAndAreNotInjectedAreNotedPerWorkload() {
        var missed =
                new PodFacts("shop", "web-1", "deployment/web", true, Optional.empty(), "", "hostNetwork is on", "");
        assertThat(LabelledPods.judge(MeshStatus.of(List.of(), "", List.of(missed), List.of())))
                .extracting(Finding::said)
                .containsExactly("0 in 1 workloads", "shop deployment/web: 0 of 1 are injected");
    }

    @Test
    void onlyAFailureFailsTheWhole() {
        var report = new CheckReport(List.of(Finding.ok("a", "b"), Finding.note("c", "d", "e")));
        assertThat(report.passed()).isTrue();
        assertThat(report.lines()).containsExactly("✓ a: b", "! c: d", "    fix: e", "", "1 fine, 1 to know, 0 failed");
        assertThat(new CheckReport(List.of(Finding.failed("a", "b", "c"))).passed())
                .isFalse();
    }

    private ReplicaStatus replica(String version, String more) {
        return new ReplicaStatus("p", json.readTree("{" + more + "\"version\": \"" + version + "\"}"));
    }

    private static Shown shown(String by, Duration from, Duration until) {
        return new Shown(by, "CN=ca", NOW.plus(from), NOW.plus(until));
    }

    private static Deployment deployment(int replicas) {
        return new DeploymentBuilder()
                .withNewSpec()
                .withReplicas(replicas)
                .withNewTemplate()
                .withNewSpec()
                .addNewContainer()
                .withArgs("control-plane", "--kubernetes")
                .endContainer()
                .endSpec()
                .endTemplate()
                .endSpec()
                .build();
    }

    private static Pod ready(String name, String node) {
        return new PodBuilder()
                .withNewMetadata()
                .withName(name)
                .endMetadata()
                .withNewSpec()
                .withNodeName(node)
                .endSpec()
                .withNewStatus()
                .addNewCondition()
                .withType("Ready")
                .withStatus("True")
                .endCondition()
                .endStatus()
                .build();
    }

    private static Pod waiting(String reason, String message) {
        return new PodBuilder()
                .withNewMetadata()
                .withName("a")
                .endMetadata()
                .withNewStatus()
                .addNewContainerStatus()
                .withNewState()
                .withNewWaiting()
                .withReason(reason)
                .withMessage(message)
                .endWaiting()
                .endState()
                .endContainerStatus()
                .endStatus()
                .build();
    }

    private static MutatingWebhookConfiguration webhook(String bundle, String policy) {
        var builder = new MutatingWebhookConfigurationBuilder();
        for (String entry : Webhook.ENTRIES) {
            builder.addNewWebhook()
                    .withName(entry)
                    .withFailurePolicy(policy)
                    .withNewClientConfig()
                    .withCaBundle(bundle)
                    .endClientConfig()
                    .endWebhook();
        }
        return builder.build();
    }
}
