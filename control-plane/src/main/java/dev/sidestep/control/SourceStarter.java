package dev.sidestep.control;

import dev.sidestep.concurrent.ThreadSerialExecutor;
import dev.sidestep.control.ControlPlaneConfig.Directory;
import dev.sidestep.control.ControlPlaneConfig.Kubernetes;
import dev.sidestep.control.directory.DirectorySource;
import dev.sidestep.control.index.ClusterIndex;
import dev.sidestep.control.index.SourceListener;
import dev.sidestep.control.kube.KubernetesSource;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;

/** Starts what tells of Services and their endpoints. */
final class SourceStarter {
    /** From one look at the manifests to the next. */
    private static final Duration LOOK = Duration.ofMillis(250);

    private SourceStarter() {}

    /**
     * Starts the source; what it finds goes to {@code listener}, on a thread of the source's.
     *
     * @param client the API server, where the source is one
     * @throws IOException if there is no such source; the message is one line for the user, with the fix
     */
    static void start(
            ControlPlaneConfig.Source source,
            Optional<KubernetesClient> client,
            ThreadSerialExecutor owner,
            ClusterIndex index,
            SourceListener listener,
            Closing closing)
            throws IOException {
        if (source instanceof Directory directory) {
            startDirectory(directory.path(), listener, closing);
        } else if (source instanceof Kubernetes kubernetes) {
            var follower = closing.first(new ThreadSerialExecutor("kubernetes"));
            var started = new KubernetesSource(follower, client.orElseThrow(), kubernetes.namespaces(), listener);
            started.start();
            closing.first(started::stop);
            owner.execute(() -> index.confirmRemovals(started::listAgain));
        }
    }

    private static void startDirectory(Path path, SourceListener listener, Closing closing) throws IOException {
        if (!Files.isDirectory(path)) {
            throw new IOException("--directory " + path + ": no such folder; create it or name another one");
        }
        var reader = closing.first(new ThreadSerialExecutor("manifests"));
        new DirectorySource(reader, InstantSource.system(), path, LOOK, listener).start();
    }

    /** For people. */
    static String describe(ControlPlaneConfig.Source source) {
        if (source instanceof Directory directory) {
            return "directory " + directory.path();
        }
        var namespaces = ((Kubernetes) source).namespaces();
        return "Kubernetes, "
                + (namespaces.isEmpty() ? "all namespaces" : "namespaces " + String.join(", ", namespaces));
    }
}
