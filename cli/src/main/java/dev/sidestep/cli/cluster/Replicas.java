package dev.sidestep.cli.cluster;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.readiness.Readiness;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The running replicas of the control plane, and their admin pages through the API server. Used by one thread; closing
 * it ends the connections.
 */
public final class Replicas implements AutoCloseable {
    private final Forwards forwards;
    private final List<Replica> all;

    private Replicas(Forwards forwards, List<Replica> all) {
        this.forwards = forwards;
        this.all = all;
    }

    /**
     * One replica.
     *
     * @param ready whether Kubernetes takes it for ready
     */
    public record Replica(String pod, String node, boolean ready, AdminPort admin) {}

    /**
     * Finds them and connects, the ready ones first.
     *
     * @throws IOException if none runs, or they may not be reached; for the user
     */
    public static Replicas open(KubernetesClient client) throws IOException {
        return open(client, Names.SYSTEM_NAMESPACE);
    }

    static Replicas open(KubernetesClient client, String namespace) throws IOException {
        List<Pod> pods = running(client, namespace);
        if (pods.isEmpty()) {
            throw new IOException("no control plane runs in " + namespace + " of "
                    + client.getMasterUrl() + "; install it (" + Names.INSTALL
                    + "), name another cluster by --context, or a process by --admin HOST:PORT");
        }
        var forwards = new Forwards(client);
        var replicas = new ArrayList<Replica>();
        try {
            for (Pod pod : pods) {
                replicas.add(new Replica(
                        pod.getMetadata().getName(),
                        String.valueOf(pod.getSpec().getNodeName()),
                        Readiness.isPodReady(pod),
                        forwards.adminOf(pod, Names.CONTROL_PLANE_ADMIN_PORT)));
            }
        } catch (IOException e) {
            forwards.close();
            throw e;
        }
        return new Replicas(forwards, List.copyOf(replicas));
    }

    private static List<Pod> running(KubernetesClient client, String namespace) throws IOException {
        try {
            return client.pods().inNamespace(namespace).withLabels(Names.CONTROL_PLANE_PODS).list().getItems().stream()
                    .filter(pod -> pod.getMetadata().getDeletionTimestamp() == null)
                    .filter(pod -> "Running".equals(pod.getStatus().getPhase()))
                    .sorted(Comparator.comparing((Pod pod) -> !Readiness.isPodReady(pod))
                            .thenComparing(pod -> pod.getMetadata().getName()))
                    .toList();
        } catch (KubernetesClientException e) {
            throw ApiErrors.explain("the pods of " + namespace + " cannot be listed", client, e);
        }
    }

    /** At least one; those that are ready first. */
    public List<Replica> all() {
        return all;
    }

    @Override
    public void close() {
        forwards.close();
    }
}
