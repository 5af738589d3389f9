package dev.sidestep.e2e;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.LocalPortForward;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** The way to pages that a pod shows to itself only. Confined to one thread. */
public final class AdminForward implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(PATIENCE).build();
    private final LocalPortForward forward;

    private AdminForward(LocalPortForward forward) {
        this.forward = forward;
    }

    public static AdminForward open(Cluster cluster, Pod pod, int port) {
        return new AdminForward(cluster.api()
                .pods()
                .inNamespace(pod.getMetadata().getNamespace())
                .withName(pod.getMetadata().getName())
                .portForward(port));
    }

    /** The page's text, whatever its status. */
    public String read(String path) throws IOException, InterruptedException {
        URI uri = URI.create("http://127.0.0.1:" + forward.getLocalPort() + "/" + path);
        return http.send(HttpRequest.newBuilder(uri).timeout(PATIENCE).build(), BodyHandlers.ofString())
                .body();
    }

    @Override
    public void close() throws IOException {
        forward.close();
    }
}
