package dev.sidestep.cli.check;

import dev.sidestep.cli.cluster.ApiErrors;
import dev.sidestep.cli.cluster.Names;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Asks the API server what it would make of a pod with our label, and makes none (dry run). */
final class InjectionTrial implements Check {
    /** A quarter of the webhook's timeout, after which the API server goes on without it. */
    private static final Duration SLOW = Duration.ofMillis(500);

    private final KubernetesClient client;
    private final String namespace;

    InjectionTrial(KubernetesClient client, String namespace) {
        this.client = client;
        this.namespace = namespace;
    }

    @Override
    public String subject() {
        return "injection";
    }

    @Override
    public List<Finding> look() {
        Pod made;
        long took;
        try {
            // The first call pays for the way to the API server, and for what nobody has asked of the injector before.
            var unused = dryRun();
            long from = System.nanoTime();
            made = dryRun();
            took = System.nanoTime() - from;
        } catch (KubernetesClientException e) {
            if (ApiErrors.isUnanswered(e)) {
                throw e;
            }
            String message =
                    e.getStatus() == null ? e.getMessage() : e.getStatus().getMessage();
            return List.of(Finding.note(
                    subject(),
                    "cannot be tried in namespace " + namespace + ": " + message,
                    "name a namespace where you may make pods with -n"));
        }
        return List.of(judge(
                Objects.requireNonNullElse(made.getMetadata().getAnnotations(), Map.<String, String>of())
                        .getOrDefault(Names.STATUS, ""),
                Duration.ofNanos(took)));
    }

    private Pod dryRun() {
        return client.pods().inNamespace(namespace).resource(pod()).dryRun(true).create();
    }

    /**
     * Judges one trial.
     *
     * @param status what the injector wrote on the pod; "": nothing
     */
    static Finding judge(String status, Duration took) {
        String subject = "injection";
        if (status.isEmpty()) {
            return Finding.failed(
                    subject,
                    "the API server got no answer from the injector, so pods are made without it",
                    "let the API server reach TCP 16017 of the pods of " + Names.SYSTEM_NAMESPACE
                            + " (firewall, NetworkPolicy, overlay network); its own log names the error");
        }
        String said = "a pod with the label would get " + status + ", in " + took.toMillis() + " ms";
        return took.compareTo(SLOW) > 0
                ? Finding.note(subject, said, "slow: see the CPU limit of the control plane")
                : Finding.ok(subject, said);
    }

    private static Pod pod() {
        return new PodBuilder()
                .withNewMetadata()
                .withGenerateName("sidestep-check-")
                .addToLabels(Names.INJECT, "enabled")
                .endMetadata()
                .withNewSpec()
                .withNewSecurityContext()
                .withRunAsNonRoot(true)
                .withRunAsUser(16001L)
                .withNewSeccompProfile()
                .withType("RuntimeDefault")
                .endSeccompProfile()
                .endSecurityContext()
                .addNewContainer()
                .withName("app")
                .withImage("none")
                .withNewResources()
                .addToRequests(ImagePull.SMALL)
                .addToLimits(ImagePull.SMALL)
                .endResources()
                .withNewSecurityContext()
                .withAllowPrivilegeEscalation(false)
                .withNewCapabilities()
                .addToDrop("ALL")
                .endCapabilities()
                .endSecurityContext()
                .endContainer()
                .endSpec()
                .build();
    }
}
