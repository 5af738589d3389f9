package dev.sidestep.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.stream.Collectors;

/** A folder of Kubernetes manifests, for a control plane's directory source. Each file appears whole or not at all. */
public final class Manifests {
    private final Path folder;

    /** Writes into {@code folder}, which exists. */
    public Manifests(Path folder) {
        this.folder = folder;
    }

    public Path folder() {
        return folder;
    }

    /**
     * Writes the file of a Service of the namespace {@code default} with one port.
     *
     * @param portName tells the protocol, for example {@code http} or {@code grpc}
     */
    public void service(String name, String portName, int port) {
        service(name, portName, port, "balance");
    }

    /**
     * The same, in a mode.
     *
     * @param mode {@code balance}, {@code observe} or {@code off}
     */
    public void service(String name, String portName, int port, String mode) {
        service(name, portName, port, Map.of("mode", mode));
    }

    /** The same, with annotations {@code sidestep.dev/…}. */
    public void service(String name, String portName, int port, Map<String, String> annotations) {
        String inBraces = annotations.entrySet().stream()
                .map(each -> "sidestep.dev/" + each.getKey() + ": \"" + each.getValue() + "\"")
                .collect(Collectors.joining(", "));
        write("service-" + name + ".yaml", """
                apiVersion: v1
                kind: Service
                metadata:
                  name: %s
                  namespace: default
                  annotations: {%s}
                spec:
                  clusterIP: 127.0.0.1
                  selector: {app: %s}
                  ports:
                    - {name: %s, port: %d, targetPort: %s}
                """.formatted(name, inBraces, name, portName, port, portName));
    }

    /** Writes an EndpointSlice with one ready endpoint on 127.0.0.1: a slice carries the ports of its endpoints. */
    public void endpoint(String service, String portName, String pod, int port) {
        endpoint(service, portName, pod, port, "{ready: true, serving: true, terminating: false}");
    }

    /** Lets what {@link #endpoint} wrote say that the pod is on its way out, and serves still. */
    public void leavingEndpoint(String service, String portName, String pod, int port) {
        endpoint(service, portName, pod, port, "{ready: false, serving: true, terminating: true}");
    }

    private void endpoint(String service, String portName, String pod, int port, String conditions) {
        write(sliceFile(service, pod), """
                apiVersion: discovery.k8s.io/v1
                kind: EndpointSlice
                metadata:
                  name: %s-%s
                  namespace: default
                  labels: {kubernetes.io/service-name: %s}
                addressType: IPv4
                ports:
                  - {name: %s, port: %d, protocol: TCP}
                endpoints:
                  - addresses: [127.0.0.1]
                    conditions: %s
                    targetRef: {kind: Pod, name: %s, namespace: default}
                """.formatted(service, pod, service, portName, port, conditions, pod));
    }

    /** Takes back what {@link #endpoint} wrote. */
    public void withoutEndpoint(String service, String pod) {
        delete(sliceFile(service, pod));
    }

    /** Takes back what {@link #service} wrote. */
    public void withoutService(String name) {
        delete("service-" + name + ".yaml");
    }

    /** Writes a file, by renaming: a reader never sees half of it. */
    public void write(String file, String text) {
        try {
            // The dot keeps the source from reading it before it is whole.
            Path draft = Files.writeString(folder.resolve("." + file + ".new"), text);
            Files.move(draft, folder.resolve(file), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file, e);
        }
    }

    private void delete(String file) {
        try {
            Files.delete(folder.resolve(file));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot delete " + file, e);
        }
    }

    private static String sliceFile(String service, String pod) {
        return "slice-" + service + "-" + pod + ".yaml";
    }
}
