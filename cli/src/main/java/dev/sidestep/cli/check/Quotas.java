package dev.sidestep.cli.check;

import dev.sidestep.cli.cluster.Names;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceQuota;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/** Whether ResourceQuotas leave room: for the control plane, and for a sidecar in the namespace to be injected. */
final class Quotas implements Check {
    /** Two replicas, and the third that a rollout adds. */
    static final Map<String, Quantity> CONTROL_PLANE = Map.of(
            "pods", new Quantity("3"),
            "requests.cpu", new Quantity("300m"),
            "requests.memory", new Quantity("768Mi"),
            "limits.cpu", new Quantity("3"),
            "limits.memory", new Quantity("2304Mi"));

    /** One, by the chart's defaults. */
    static final Map<String, Quantity> SIDECAR = Map.of(
            "requests.cpu", new Quantity("10m"),
            "requests.memory", new Quantity("64Mi"),
            "limits.cpu", new Quantity("1"),
            "limits.memory", new Quantity("128Mi"));

    private final KubernetesClient client;
    private final Optional<String> namespace;

    /** @param namespace the one to be injected; empty: only ours is looked at */
    Quotas(KubernetesClient client, Optional<String> namespace) {
        this.client = client;
        this.namespace = namespace;
    }

    @Override
    public String subject() {
        return "quotas";
    }

    @Override
    public List<Finding> look() {
        List<Finding> findings = new ArrayList<>();
        findings.add(judge(Names.SYSTEM_NAMESPACE, "the control plane", CONTROL_PLANE, quotas(Names.SYSTEM_NAMESPACE)));
        namespace.ifPresent(name -> findings.add(judge(name, "one more sidecar", SIDECAR, quotas(name))));
        return findings;
    }

    private List<ResourceQuota> quotas(String of) {
        return client.resourceQuotas().inNamespace(of).list().getItems();
    }

    static Finding judge(String namespace, String what, Map<String, Quantity> needs, List<ResourceQuota> quotas) {
        String subject = "quotas";
        List<String> tooSmall = new ArrayList<>();
        for (ResourceQuota quota : quotas) {
            Map<String, Quantity> hard =
                    Objects.requireNonNullElse(quota.getSpec().getHard(), Map.<String, Quantity>of());
            Map<String, Quantity> used =
                    quota.getStatus() == null || quota.getStatus().getUsed() == null
                            ? Map.of()
                            : quota.getStatus().getUsed();
            new TreeMap<>(needs).forEach((resource, need) -> {
                Quantity limit = hard.getOrDefault(resource, hard.get(resource.replace("requests.", "")));
                if (limit == null) {
                    return;
                }
                BigDecimal left = limit.getNumericalAmount()
                        .subtract(used.getOrDefault(
                                        resource,
                                        used.getOrDefault(resource.replace("requests.", ""), new Quantity("0")))
                                .getNumericalAmount());
                if (left.compareTo(need.getNumericalAmount()) < 0) {
                    tooSmall.add(quota.getMetadata().getName() + " leaves too little " + resource + " (" + need
                            + " needed of " + limit + " in all)");
                }
            });
        }
        if (tooSmall.isEmpty()) {
            return Finding.ok(
                    subject, quotas.isEmpty() ? "none in " + namespace : "room for " + what + " in " + namespace);
        }
        return Finding.failed(
                subject,
                "no room for " + what + " in " + namespace + ": " + String.join("; ", tooSmall),
                "raise the quota");
    }
}
