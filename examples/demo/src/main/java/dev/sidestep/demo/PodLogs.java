package dev.sidestep.demo;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.LogWatch;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;

/** Reads what pods print, as they print it, through the API server. For any thread. */
final class PodLogs {
    private final KubernetesClient client;
    private final String namespace;
    private final Path folder;

    /** {@code folder}: keeps each line as well, so that whoever doubts a figure can count again. */
    PodLogs(KubernetesClient client, String namespace, Path folder) {
        this.client = client;
        this.namespace = namespace;
        this.folder = folder;
    }

    /**
     * Reads the container that runs now, to its end.
     *
     * @param lines takes each line, on a thread of the log's own
     * @param ended told when there is no more, with the reason or ""
     */
    void follow(String pod, Consumer<String> lines, Consumer<String> ended) {
        var reader = new Thread(() -> ended.accept(read(pod, lines)), "log-" + pod);
        reader.setDaemon(true);
        reader.start();
    }

    private String read(String pod, Consumer<String> lines) {
        try (LogWatch log = client.pods()
                        .inNamespace(namespace)
                        .withName(pod)
                        .inContainer("app")
                        .withReadyWaitTimeout(0)
                        .watchLog();
                var in = new BufferedReader(new InputStreamReader(log.getOutput(), StandardCharsets.UTF_8));
                var kept = new PrintWriter(Files.newBufferedWriter(
                        folder.resolve(pod + ".out"), StandardOpenOption.CREATE, StandardOpenOption.APPEND))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                kept.println(line);
                lines.accept(line);
            }
            return "";
        } catch (IOException | KubernetesClientException e) {
            return String.valueOf(e.getMessage());
        }
    }
}
