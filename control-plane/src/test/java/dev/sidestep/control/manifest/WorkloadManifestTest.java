package dev.sidestep.control.manifest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.control.index.Item.NamespaceItem;
import dev.sidestep.control.index.Item.NodeItem;
import dev.sidestep.control.index.Item.OwnerReference;
import dev.sidestep.control.index.Item.PodItem;
import dev.sidestep.control.index.ObjectKey;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Pods, nodes and namespaces, reduced to what matters. */
final class WorkloadManifestTest {
    @Test
    void readsAPodsAddressesOwnerAndOurWordsOnly() throws ManifestException {
        var manifest = new Field(
                "",
                Map.of(
                        "apiVersion", "v1",
                        "metadata",
                                Map.of(
                                        "uid", "u1",
                                        "deletionTimestamp", "2026-01-01T00:00:00Z",
                                        "labels", Map.of("app", "web", "sidestep.dev/injected", "agent"),
                                        "annotations", Map.of("sidestep.dev/mode", "off", "else", "x"),
                                        "ownerReferences",
                                                List.of(
                                                        Map.of("kind", "Node", "name", "n1", "controller", false),
                                                        Map.of(
                                                                "kind",
                                                                "ReplicaSet",
                                                                "name",
                                                                "web-1",
                                                                "controller",
                                                                true))),
                        "spec", Map.of("nodeName", "n1"),
                        "status",
                                Map.of(
                                        "phase", "Running",
                                        "podIP", "10.0.0.1",
                                        "podIPs", List.of(Map.of("ip", "10.0.0.1"), Map.of("ip", "fd00:0::1")))));

        PodItem pod = (PodItem) ManifestParser.parse(ObjectKey.pod("default", "web-1-x"), manifest);

        assertThat(pod.uid()).isEqualTo("u1");
        assertThat(pod.addresses()).containsExactly("10.0.0.1", "fd00:0:0:0:0:0:0:1");
        assertThat(pod.node()).isEqualTo("n1");
        assertThat(pod.phase()).isEqualTo("Running");
        assertThat(pod.terminating()).isTrue();
        assertThat(pod.hostNetwork()).isFalse();
        assertThat(pod.labels()).containsOnlyKeys("sidestep.dev/injected");
        assertThat(pod.annotations()).containsOnlyKeys("sidestep.dev/mode");
        assertThat(pod.owner()).contains(new OwnerReference("ReplicaSet", "web-1"));
    }

    @Test
    void readsAPodThatHasNothingYet() throws ManifestException {
        var manifest = new Field("", Map.of("apiVersion", "v1", "metadata", Map.of(), "spec", Map.of()));

        PodItem pod = (PodItem) ManifestParser.parse(ObjectKey.pod("default", "web"), manifest);

        assertThat(pod.addresses()).isEmpty();
        assertThat(pod.terminating()).isFalse();
        assertThat(pod.owner()).isEmpty();
    }

    @Test
    void readsWhereANodeIs() throws ManifestException {
        var manifest = new Field(
                "",
                Map.of(
                        "apiVersion", "v1",
                        "metadata",
                                Map.of(
                                        "labels",
                                        Map.of(
                                                "topology.kubernetes.io/zone",
                                                "zone-a",
                                                "topology.kubernetes.io/region",
                                                "region-1")),
                        "status",
                                Map.of(
                                        "addresses",
                                        List.of(
                                                Map.of("type", "InternalIP", "address", "192.168.0.1"),
                                                Map.of("type", "Hostname", "address", "n1"),
                                                Map.of("type", "ExternalIP", "address", "2001:db8:0::1")))));

        NodeItem node = (NodeItem) ManifestParser.parse(ObjectKey.node("n1"), manifest);

        assertThat(node)
                .isEqualTo(new NodeItem(
                        ObjectKey.node("n1"), "zone-a", "region-1", List.of("192.168.0.1", "2001:db8:0:0:0:0:0:1")));
    }

    @Test
    void keepsOfANamespaceWhatDecidesAboutInjection() throws ManifestException {
        var manifest = new Field(
                "",
                Map.of(
                        "apiVersion",
                        "v1",
                        "metadata",
                        Map.of(
                                "labels",
                                        Map.of(
                                                "kubernetes.io/metadata.name", "shop",
                                                "sidestep.dev/inject", "agent",
                                                "istio-injection", "enabled",
                                                "pod-security.kubernetes.io/enforce", "restricted"),
                                "annotations", Map.of("linkerd.io/inject", "enabled", "note", "x"))));

        NamespaceItem namespace = (NamespaceItem) ManifestParser.parse(ObjectKey.namespace("shop"), manifest);

        assertThat(namespace.labels())
                .containsOnlyKeys("sidestep.dev/inject", "istio-injection", "pod-security.kubernetes.io/enforce");
        assertThat(namespace.annotations()).containsOnlyKeys("linkerd.io/inject");
    }
}
