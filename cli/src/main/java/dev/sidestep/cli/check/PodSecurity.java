package dev.sidestep.cli.check;

import dev.sidestep.cli.cluster.Names;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** What the Pod Security admission lets pods do: ours, and those of the namespace that is to be injected. */
final class PodSecurity implements Check {
    private static final String ENFORCE = "pod-security.kubernetes.io/enforce";

    private final KubernetesClient client;
    private final Optional<String> namespace;

    /** @param namespace the one to be injected; empty: only ours is looked at */
    PodSecurity(KubernetesClient client, Optional<String> namespace) {
        this.client = client;
        this.namespace = namespace;
    }

    @Override
    public String subject() {
        return "Pod Security";
    }

    @Override
    public List<Finding> look() {
        List<Finding> findings = new ArrayList<>();
        Optional<String> system = level(Names.SYSTEM_NAMESPACE);
        findings.add(judgeSystem(system));
        namespace.ifPresent(name -> findings.add(level(name)
                .map(level -> judge(name, level))
                .orElseGet(() -> Finding.failed(
                        subject(), "there is no namespace " + name, "create it, or name another one with -n"))));
        return findings;
    }

    /** @param level of our namespace; empty: there is none yet; "": it has no label */
    static Finding judgeSystem(Optional<String> level) {
        String subject = "Pod Security";
        if (level.isPresent() && !level.get().equals("restricted")) {
            return Finding.note(
                    subject,
                    "namespace " + Names.SYSTEM_NAMESPACE + " exists, and is not held to \"restricted\"",
                    "kubectl label namespace " + Names.SYSTEM_NAMESPACE + " " + ENFORCE + "=restricted");
        }
        return Finding.ok(subject, "the control plane runs as \"restricted\" demands");
    }

    static Finding judge(String namespace, String level) {
        String subject = "Pod Security";
        return switch (level) {
            case "baseline", "restricted" ->
                Finding.note(
                        subject,
                        "namespace " + namespace + " enforces \"" + level
                                + "\", which forbids the sidecar's redirect: its pods get the agent instead",
                        "as you like it, or choose by injection.psaMode: agent, proxy or none");
            default -> Finding.ok(subject, "namespace " + namespace + " lets a sidecar redirect");
        };
    }

    private Optional<String> level(String name) {
        Namespace found = client.namespaces().withName(name).get();
        return Optional.ofNullable(found)
                .map(each -> Objects.requireNonNullElse(each.getMetadata().getLabels(), Map.<String, String>of())
                        .getOrDefault(ENFORCE, ""));
    }
}
