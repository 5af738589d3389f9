package dev.sidestep.cli.check;

import dev.sidestep.cli.cluster.ApiErrors;
import dev.sidestep.cli.cluster.Names;
import dev.sidestep.control.settings.Settings;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.ContainerStateWaiting;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Whether a node can get the images that are injected, which alone could stop an injected pod: makes a pod of them that
 * runs nothing, and takes it away again.
 */
final class ImagePull implements Check {
    static final Set<String> REFUSALS =
            Set.of("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable");
    static final String FIX =
            "push the images there (sidestep images --to REGISTRY) and say image.registry, or give the"
                    + " namespace's service accounts an imagePullSecret";
    static final Map<String, Quantity> SMALL = Map.of("cpu", new Quantity("10m"), "memory", new Quantity("16Mi"));

    private static final List<String> INJECTED = List.of("sidecar", "agent");
    private static final long LIMIT_SECONDS = 60;

    /** No image has it: the container fails as soon as its image is there. */
    private static final String NO_COMMAND = "/sidestep-check-runs-nothing";

    private final KubernetesClient client;
    private final String namespace;
    private final Settings.Image image;

    /** @param namespace whose pods pull, with its service account's secrets */
    ImagePull(KubernetesClient client, String namespace, Settings.Image image) {
        this.client = client;
        this.namespace = namespace;
        this.image = image;
    }

    @Override
    public String subject() {
        return "images";
    }

    @Override
    public List<Finding> look() {
        Pod pod;
        try {
            pod = client.pods().inNamespace(namespace).resource(pod()).create();
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
        var there =
                client.pods().inNamespace(namespace).withName(pod.getMetadata().getName());
        try {
            Pod settled =
                    there.waitUntilCondition(now -> now != null && isSettled(now), LIMIT_SECONDS, TimeUnit.SECONDS);
            return judge(settled);
        } catch (KubernetesClientException e) {
            if (!ApiErrors.isUnanswered(e)) {
                throw e;
            }
            return List.of(Finding.failed(
                    subject(), "not pulled within " + LIMIT_SECONDS + " s in namespace " + namespace, FIX));
        } finally {
            there.withGracePeriod(0).delete();
        }
    }

    private Pod pod() {
        List<Container> containers = new ArrayList<>();
        for (String name : INJECTED) {
            containers.add(new ContainerBuilder()
                    .withName(name)
                    .withImage(image.reference(name))
                    .withImagePullPolicy(image.pullPolicy())
                    .withCommand(NO_COMMAND)
                    .withNewResources()
                    .addToRequests(SMALL)
                    .addToLimits(SMALL)
                    .endResources()
                    .withNewSecurityContext()
                    .withAllowPrivilegeEscalation(false)
                    .withNewCapabilities()
                    .addToDrop("ALL")
                    .endCapabilities()
                    .endSecurityContext()
                    .build());
        }
        return new PodBuilder()
                .withNewMetadata()
                .withGenerateName("sidestep-check-")
                .addToLabels(Names.INJECT, "disabled")
                .endMetadata()
                .withNewSpec()
                .withRestartPolicy("Never")
                // Should we not live to take it away, the kubelet does: what it would have run is nothing anyway.
                .withActiveDeadlineSeconds(LIMIT_SECONDS)
                .withAutomountServiceAccountToken(false)
                .withNewSecurityContext()
                .withRunAsNonRoot(true)
                .withRunAsUser(16001L)
                .withNewSeccompProfile()
                .withType("RuntimeDefault")
                .endSeccompProfile()
                .endSecurityContext()
                .withContainers(containers)
                .endSpec()
                .build();
    }

    private static boolean isSettled(Pod pod) {
        List<ContainerStatus> statuses = pod.getStatus().getContainerStatuses();
        return statuses.size() == INJECTED.size()
                && statuses.stream().allMatch(status -> isThere(status) || isRefused(status));
    }

    /** The kubelet has tried to run it. */
    private static boolean isThere(ContainerStatus status) {
        return (status.getImageID() != null && !status.getImageID().isEmpty())
                || status.getState().getTerminated() != null
                || status.getState().getRunning() != null;
    }

    private static boolean isRefused(ContainerStatus status) {
        ContainerStateWaiting waiting = status.getState().getWaiting();
        return waiting != null && REFUSALS.contains(Objects.requireNonNullElse(waiting.getReason(), ""));
    }

    static List<Finding> judge(Pod settled) {
        String subject = "images";
        List<Finding> findings = new ArrayList<>();
        for (ContainerStatus status : settled.getStatus().getContainerStatuses()) {
            findings.add(
                    isThere(status)
                            ? Finding.ok(
                                    subject,
                                    status.getImage() + " is on node "
                                            + settled.getSpec().getNodeName())
                            : Finding.failed(
                                    subject,
                                    status.getImage() + " cannot be pulled ("
                                            + status.getState().getWaiting().getMessage()
                                            + "): a pod that is injected with it does not start",
                                    FIX));
        }
        return findings;
    }
}
