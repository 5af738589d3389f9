package dev.sidestep.cli.check;

import dev.sidestep.cli.cluster.Names;
import io.fabric8.kubernetes.api.model.ContainerStateWaiting;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.readiness.Readiness;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Whether the control plane's pods run, and if not, why. */
final class Rollout implements Check {
    private final KubernetesClient client;

    Rollout(KubernetesClient client) {
        this.client = client;
    }

    @Override
    public String subject() {
        return "control plane";
    }

    @Override
    public List<Finding> look() {
        Deployment deployment = client.apps()
                .deployments()
                .inNamespace(Names.SYSTEM_NAMESPACE)
                .withName(Names.CONTROL_PLANE)
                .get();
        if (deployment == null) {
            return List.of(Finding.failed(
                    subject(),
                    "not installed: there is no Deployment " + Names.CONTROL_PLANE + " in " + Names.SYSTEM_NAMESPACE,
                    Names.INSTALL + ", after \"sidestep check --pre\""));
        }
        List<Pod> pods = client
                .pods()
                .inNamespace(Names.SYSTEM_NAMESPACE)
                .withLabels(Names.CONTROL_PLANE_PODS)
                .list()
                .getItems()
                .stream()
                .filter(pod -> pod.getMetadata().getDeletionTimestamp() == null)
                .toList();
        return judge(deployment, pods, client.nodes().list().getItems().size());
    }

    static List<Finding> judge(Deployment deployment, List<Pod> pods, int nodes) {
        String subject = "control plane";
        int wanted = Objects.requireNonNullElse(deployment.getSpec().getReplicas(), 1);
        List<Pod> ready = pods.stream().filter(Readiness::isPodReady).toList();
        List<Finding> findings = new ArrayList<>();
        if (ready.size() >= wanted) {
            findings.add(Finding.ok(subject, ready.size() + " of " + wanted + " replicas are ready"));
        } else {
            findings.add(notReady(wanted, ready.size(), pods));
        }
        long used = ready.stream()
                .map(pod -> pod.getSpec().getNodeName())
                .distinct()
                .count();
        if (wanted == 1) {
            findings.add(Finding.note(
                    subject,
                    "one replica: while it restarts nobody hears of changes, and no pod is injected",
                    "helm upgrade sidestep k8s/chart --set replicas=2"));
        } else if (ready.size() > 1 && used == 1 && nodes > 1) {
            findings.add(Finding.note(
                    subject,
                    "all replicas are on node " + ready.get(0).getSpec().getNodeName(),
                    "kubectl rollout restart -n " + Names.SYSTEM_NAMESPACE + " deployment/" + Names.CONTROL_PLANE));
        }
        return findings;
    }

    private static Finding notReady(int wanted, int ready, List<Pod> pods) {
        String said = ready + " of " + wanted + " replicas are ready";
        Optional<Pod> first =
                pods.stream().filter(pod -> !Readiness.isPodReady(pod)).findFirst();
        if (first.isEmpty()) {
            return Finding.failed(
                    "control plane",
                    said + ", and the others have no pod",
                    "kubectl describe -n " + Names.SYSTEM_NAMESPACE + " replicaset: a quota or a policy forbids them");
        }
        Pod pod = first.get();
        String name = pod.getMetadata().getName();
        Optional<ContainerStateWaiting> waiting = waiting(pod);
        String reason = waiting.map(each -> each.getReason() + text(each.getMessage()))
                .or(() -> unschedulable(pod))
                .orElse("it is up, and has not read all Services yet");
        return Finding.failed("control plane", said + "; pod " + name + ": " + reason, fix(name, waiting, pod));
    }

    private static String fix(String pod, Optional<ContainerStateWaiting> waiting, Pod of) {
        String why = waiting.map(ContainerStateWaiting::getReason).orElse("");
        if (ImagePull.REFUSALS.contains(why)) {
            return ImagePull.FIX;
        }
        return unschedulable(of).isPresent()
                ? "make room on a node, or see nodeSelector and tolerations of the chart"
                : "kubectl logs -n " + Names.SYSTEM_NAMESPACE + " " + pod
                        + (why.equals("CrashLoopBackOff") ? " --previous" : "");
    }

    private static Optional<ContainerStateWaiting> waiting(Pod pod) {
        return pod.getStatus().getContainerStatuses().stream()
                .map(ContainerStatus::getState)
                .filter(Objects::nonNull)
                .map(state -> state.getWaiting())
                .filter(Objects::nonNull)
                .findFirst();
    }

    private static Optional<String> unschedulable(Pod pod) {
        return pod.getStatus().getConditions().stream()
                .filter(each -> "PodScheduled".equals(each.getType()) && "False".equals(each.getStatus()))
                .map(PodCondition::getMessage)
                .filter(Objects::nonNull)
                .findFirst();
    }

    private static String text(@Nullable String message) {
        return message == null || message.isEmpty() ? "" : ": " + message;
    }
}
