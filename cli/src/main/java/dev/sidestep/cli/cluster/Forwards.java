package dev.sidestep.cli.cluster;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.LocalPortForward;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Ports of pods, made reachable on this machine's loopback interface through the API server, as {@code kubectl
 * port-forward} does: it needs no address of a pod, passes NetworkPolicies, and asks for no right but that one. Used by
 * one thread.
 */
public final class Forwards implements AutoCloseable {
    private final KubernetesClient client;
    private final Deque<LocalPortForward> open = new ArrayDeque<>();

    /** Uses {@code client}, and leaves it open. */
    public Forwards(KubernetesClient client) {
        this.client = client;
    }

    /** The admin pages that {@code pod} serves on {@code port}. */
    public AdminPort adminOf(Pod pod, int port) throws IOException {
        String namespace = pod.getMetadata().getNamespace();
        String name = pod.getMetadata().getName();
        return new AdminPort("pod " + namespace + "/" + name + " port " + port, open(name, namespace, port));
    }

    /**
     * Where {@code port} of {@code pod} can be reached now.
     *
     * @throws IOException if no port of this machine is free; whether the pod can be reached shows when one connects
     */
    public InetSocketAddress open(String pod, String namespace, int port) throws IOException {
        try {
            LocalPortForward forward = client.pods()
                    .inNamespace(namespace)
                    .withName(pod)
                    .portForward(port, InetAddress.getLoopbackAddress(), 0);
            open.push(forward);
            return new InetSocketAddress(forward.getLocalAddress(), forward.getLocalPort());
        } catch (KubernetesClientException e) {
            throw ApiErrors.explain("no connection to port " + port + " of pod " + namespace + "/" + pod, client, e);
        }
    }

    @Override
    public void close() {
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (IOException e) {
                // It is gone either way; the command has its answer.
            }
        }
    }
}
