package dev.sidestep.cli.check;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Who translates cluster IPs, and where. A CNI that does so at {@code connect()} leaves a sidecar nothing to redirect by
 * its address.
 */
final class Network implements Check {
    private static final int NOT_FOUND = 404;
    private static final String SYSTEM = "kube-system";
    private static final Set<String> REPLACES = Set.of("true", "strict", "partial", "probe");
    private static final Pattern PROXY_MODE = Pattern.compile("(?m)^mode:\\s*\"?([a-z]+)");

    private final KubernetesClient client;

    Network(KubernetesClient client) {
        this.client = client;
    }

    /**
     * What there is.
     *
     * @param cilium the ConfigMap {@code cilium-config}; empty: there is none
     * @param calicoBpf whether Calico's own data path is eBPF
     * @param calicoConnectTime whether that one balances at {@code connect()}
     * @param proxyMode of kube-proxy, "" if that cannot be told
     * @param daemonSets of kube-system, by name
     */
    record Facts(
            Map<String, String> cilium,
            boolean calicoBpf,
            boolean calicoConnectTime,
            String proxyMode,
            Set<String> daemonSets) {}

    @Override
    public String subject() {
        return "network";
    }

    @Override
    public List<Finding> look() {
        List<DaemonSet> daemonSets =
                client.apps().daemonSets().inNamespace(SYSTEM).list().getItems();
        Optional<Map<String, Object>> felix = felix();
        return List.of(judge(new Facts(
                data("cilium-config"),
                felix.map(spec -> Boolean.TRUE.equals(spec.get("bpfEnabled"))).orElse(false),
                felix.map(spec -> !"Disabled".equals(spec.get("bpfConnectTimeLoadBalancing")))
                        .orElse(false),
                proxyMode(data("kube-proxy").getOrDefault("config.conf", "")),
                daemonSets.stream().map(each -> each.getMetadata().getName()).collect(Collectors.toSet()))));
    }

    static Finding judge(Facts facts) {
        String subject = "network";
        String fix = "install with --set socketLoadBalancing=true";
        if (socketLoadBalancing(facts.cilium)) {
            return Finding.note(
                    subject,
                    "Cilium translates cluster IPs when a pod connects, before a sidecar sees them",
                    fix + ", or set Cilium's socketLB.hostNamespaceOnly=true");
        }
        if (facts.calicoBpf && facts.calicoConnectTime) {
            return Finding.note(
                    subject,
                    "Calico's eBPF data path translates cluster IPs when a pod connects, before a sidecar sees them",
                    fix + ", or set bpfConnectTimeLoadBalancing: Disabled in its FelixConfiguration");
        }
        String how = facts.cilium.isEmpty()
                ? facts.daemonSets.contains("kube-proxy")
                        ? "kube-proxy" + (facts.proxyMode.isEmpty() ? "" : " (" + facts.proxyMode + ")")
                        : "no DaemonSet kube-proxy (its nodes may run it themselves)"
                : "Cilium, not at connect()";
        return Finding.ok(subject, how + ": sidecars see cluster IPs");
    }

    /** Cilium balances at connect() wherever it replaces kube-proxy, unless told to do so on the hosts alone. */
    private static boolean socketLoadBalancing(Map<String, String> cilium) {
        boolean on = cilium.containsKey("bpf-lb-sock")
                ? "true".equals(cilium.get("bpf-lb-sock"))
                : REPLACES.contains(cilium.getOrDefault("kube-proxy-replacement", "false"));
        return on && !"true".equals(cilium.get("bpf-lb-sock-hostns-only"));
    }

    static String proxyMode(String config) {
        Matcher mode = PROXY_MODE.matcher(config);
        return mode.find() ? mode.group(1) : "";
    }

    private Map<String, String> data(String name) {
        ConfigMap found = client.configMaps().inNamespace(SYSTEM).withName(name).get();
        return found == null || found.getData() == null ? Map.of() : Map.copyOf(found.getData());
    }

    private Optional<Map<String, Object>> felix() {
        try {
            GenericKubernetesResource found = client.genericKubernetesResources(new ResourceDefinitionContext.Builder()
                            .withGroup("crd.projectcalico.org")
                            .withVersion("v1")
                            .withKind("FelixConfiguration")
                            .withPlural("felixconfigurations")
                            .withNamespaced(false)
                            .build())
                    .withName("default")
                    .get();
            return Optional.ofNullable(found)
                    .map(each -> Objects.requireNonNullElse(each.get("spec"), Map.<String, Object>of()));
        } catch (KubernetesClientException e) {
            if (e.getCode() == NOT_FOUND) {
                return Optional.empty();
            }
            throw e;
        }
    }
}
