package dev.sidestep.demo;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** The folder that the control plane reads: {@code services.yaml}, and one file a pod. */
final class Manifests {
    private final Path folder;

    Manifests(Path folder) {
        this.folder = folder;
    }

    Path services() {
        return folder.resolve("services.yaml");
    }

    void writeServices(int httpPort, int grpcPort, String mode) {
        write("services.yaml", services(), Map.of("HTTP_PORT", httpPort, "GRPC_PORT", grpcPort, "MODE", mode));
    }

    void writePod(String pod, int httpPort, int grpcPort, boolean ready) {
        write("pod.yaml", file(pod), Map.of("POD", pod, "HTTP_PORT", httpPort, "GRPC_PORT", grpcPort, "READY", ready));
    }

    void removePod(String pod) {
        try {
            Files.deleteIfExists(file(pod));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path file(String pod) {
        return folder.resolve(pod + ".yaml");
    }

    private static void write(String template, Path file, Map<String, Object> values) {
        Workspace.replace(file, fill(template, values));
    }

    /** A template of ours with its places filled. */
    static String fill(String template, Map<String, Object> values) {
        String text = read(template);
        for (Map.Entry<String, Object> each : values.entrySet()) {
            text = text.replace("${" + each.getKey() + "}", each.getValue().toString());
        }
        return text;
    }

    private static String read(String template) {
        try (InputStream in = Manifests.class.getResourceAsStream(template)) {
            if (in == null) {
                throw new IllegalStateException(template + " is missing from the demo's jar");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
