package dev.sidestep.cli.check;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.cli.check.Finding.Level;
import dev.sidestep.cli.check.Nodes.Node;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceQuota;
import io.fabric8.kubernetes.api.model.ResourceQuotaBuilder;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PreflightTest {
    @Test
    void kubernetesBefore129HasNoNativeSidecars() {
        assertThat(ServerVersion.judge("https://k", "v1.28.15-eks-2d5f260").level())
                .isEqualTo(Level.FAILED);
        for (String version : List.of("v1.29.0", "v1.29.1-gke.1589000", "v1.30.0+k3s1", "v1.35.4")) {
            assertThat(ServerVersion.judge("https://k", version).level())
                    .as(version)
                    .isEqualTo(Level.OK);
        }
    }

    @Test
    void aKubeletThatIsTooOldIsNamed() {
        List<Finding> findings =
                Nodes.judge(List.of(node("new", "v1.31.0", "linux/amd64"), node("old", "v1.28.2", "linux/amd64")));
        assertThat(findings).extracting(Finding::level).containsExactly(Level.OK, Level.FAILED);
        assertThat(findings.get(1).said()).contains("on old:");
    }

    @Test
    void nodesThatCannotRunTheImagesAreNamedAndFatalOnlyWhereThereIsNoOther() {
        Node windows = node("win", "v1.31.0", "windows/amd64");
        assertThat(Nodes.judge(List.of(node("one", "v1.31.0", "linux/amd64"), windows)))
                .extracting(Finding::level)
                .containsExactly(Level.OK, Level.NOTE);
        assertThat(Nodes.judge(List.of(windows))).extracting(Finding::level).containsExactly(Level.FAILED);
    }

    @Test
    void whatOneMayNotMakeIsListed() {
        Finding finding = Rights.judge(right -> !right.resource().equals("clusterroles"));
        assertThat(finding.level()).isEqualTo(Level.FAILED);
        assertThat(finding.said()).isEqualTo("you may not create clusterroles.rbac.authorization.k8s.io");
    }

    @Test
    void aRoleMayGrantOnlyWhatItsMakerHas() {
        Finding finding = Rights.judge(
                right -> !right.verb().equals("escalate") && !right.resource().equals("nodes"));
        assertThat(finding.level()).isEqualTo(Level.FAILED);
        assertThat(finding.said()).endsWith("list nodes, watch nodes");
        assertThat(Rights.judge(right -> !right.resource().equals("nodes")).level())
                .as("who may escalate may grant all")
                .isEqualTo(Level.OK);
    }

    @Test
    void cloudsWhoseApiServersDoNotReachEveryPortAreNoted() {
        assertThat(Admission.judge(Set.of("gce"), false, 3).fix()).contains("16017");
        assertThat(Admission.judge(Set.of("aws"), true, 3).level()).isEqualTo(Level.OK);
        assertThat(Admission.judge(Set.of("aws"), false, 3).level()).isEqualTo(Level.NOTE);
        assertThat(Admission.judge(Set.of(), false, 3).level()).isEqualTo(Level.OK);
    }

    @Test
    void ciliumBalancesAtConnectWhereItReplacesKubeProxyUnlessOnTheHostsAlone() {
        assertThat(cilium(Map.of("kube-proxy-replacement", "true")).fix()).contains("socketLoadBalancing=true");
        assertThat(cilium(Map.of("kube-proxy-replacement", "false", "bpf-lb-sock", "true"))
                        .level())
                .isEqualTo(Level.NOTE);
        assertThat(cilium(Map.of("kube-proxy-replacement", "true", "bpf-lb-sock-hostns-only", "true"))
                        .level())
                .isEqualTo(Level.OK);
        assertThat(cilium(Map.of("kube-proxy-replacement", "true", "bpf-lb-sock", "false"))
                        .level())
                .isEqualTo(Level.OK);
        assertThat(cilium(Map.of()).level()).isEqualTo(Level.OK);
    }

    @Test
    void calicosEbpfBalancesAtConnectUnlessTold() {
        assertThat(Network.judge(new Network.Facts(Map.of(), true, true, "", Set.of()))
                        .level())
                .isEqualTo(Level.NOTE);
        assertThat(Network.judge(new Network.Facts(Map.of(), true, false, "", Set.of()))
                        .level())
                .isEqualTo(Level.OK);
    }

    @Test
    void kubeProxysModeIsRead() {
        assertThat(Network.proxyMode("kind: KubeProxyConfiguration\nmode: nftables\n"))
                .isEqualTo("nftables");
        assertThat(Network.proxyMode("mode: \"\"\n")).isEmpty();
    }

    @Test
    void aNamespaceThatForbidsTheRedirectSaysWhatItsPodsGet() {
        assertThat(PodSecurity.judge("shop", "restricted").said()).contains("the agent instead");
        assertThat(PodSecurity.judge("shop", "").level()).isEqualTo(Level.OK);
        assertThat(PodSecurity.judgeSystem(Optional.of("")).level()).isEqualTo(Level.NOTE);
        assertThat(PodSecurity.judgeSystem(Optional.empty()).level()).isEqualTo(Level.OK);
    }

    @Test
    void aQuotaThatIsTooSmallIsNamedWithWhatIsMissing() {
        Finding finding = Quotas.judge(
                "sidestep-system",
                "the control plane",
                Quotas.CONTROL_PLANE,
                List.of(quota("small", Map.of("requests.memory", "1Gi"), Map.of("requests.memory", "512Mi"))));
        assertThat(finding.level()).isEqualTo(Level.FAILED);
        assertThat(finding.said()).contains("small leaves too little requests.memory (768Mi needed of 1Gi in all)");
    }

    @Test
    void aQuotaOnCpuIsOneOnRequests() {
        assertThat(Quotas.judge(
                                "shop",
                                "one more sidecar",
                                Quotas.SIDECAR,
                                List.of(quota("short", Map.of("cpu", "1"), Map.of("cpu", "995m"))))
                        .level())
                .isEqualTo(Level.FAILED);
    }

    @Test
    void aQuotaWithRoomIsFine() {
        assertThat(Quotas.judge(
                                "shop",
                                "one more sidecar",
                                Quotas.SIDECAR,
                                List.of(quota(
                                        "large",
                                        Map.of("requests.cpu", "2", "pods", "50"),
                                        Map.of("requests.cpu", "1500m"))))
                        .level())
                .isEqualTo(Level.OK);
    }

    @Test
    void anotherMeshIsNamedWithTheNamespacesThatItTakes() {
        List<Finding> findings = OtherMeshes.judge(
                List.of("istio-sidecar-injector", "sidestep"),
                List.of(namespace("a", Map.of("istio-injection", "enabled")), namespace("b", Map.of())));
        assertThat(findings).extracting(Finding::level).containsOnly(Level.NOTE);
        assertThat(findings.get(1).said()).isEqualTo("another mesh takes the pods of a");
        assertThat(OtherMeshes.judge(List.of("sidestep"), List.of(namespace("b", Map.of()))))
                .extracting(Finding::level)
                .containsExactly(Level.OK);
    }

    @Test
    void anInstallationThatIsThereIsAnUpgrade() {
        assertThat(Installed.judge(Optional.of("0.1.0")).fix()).startsWith("helm upgrade");
        assertThat(Installed.judge(Optional.empty()).level()).isEqualTo(Level.OK);
    }

    private static Finding cilium(Map<String, String> config) {
        return Network.judge(new Network.Facts(config, false, false, "", Set.of()));
    }

    private static Node node(String name, String kubelet, String platform) {
        return new Node(name, kubelet, platform);
    }

    private static Namespace namespace(String name, Map<String, String> labels) {
        return new NamespaceBuilder()
                .withNewMetadata()
                .withName(name)
                .withLabels(labels)
                .endMetadata()
                .build();
    }

    private static ResourceQuota quota(String name, Map<String, String> hard, Map<String, String> used) {
        var quota = new ResourceQuotaBuilder()
                .withNewMetadata()
                .withName(name)
                .endMetadata()
                .withNewSpec()
                .endSpec()
                .withNewStatus()
                .endStatus()
                .build();
        hard.forEach((resource, amount) -> quota.getSpec().getHard().put(resource, new Quantity(amount)));
        used.forEach((resource, amount) -> quota.getStatus().getUsed().put(resource, new Quantity(amount)));
        return quota;
    }
}
