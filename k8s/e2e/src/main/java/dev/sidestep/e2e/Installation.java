package dev.sidestep.e2e;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** Sidestep in the cluster: the one that is there, or one that the run installs and takes away again. */
final class Installation {
    private static final String DEPLOYMENT = "control-plane";
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final Cluster cluster;
    private final String manifests;
    private boolean made;

    /**
     * Reads what is to be installed.
     *
     * @param registry where pods pull Sidestep's images, or empty
     */
    Installation(Cluster cluster, Path root, String registry, String tag) throws IOException {
        this.cluster = cluster;
        String prefix = registry.isEmpty() ? "" : registry + "/";
        this.manifests = Files.readString(root.resolve("k8s/sidestep.yaml"))
                .replaceAll("(?m)^( +image: )control-plane:.*$", "$1" + prefix + "control-plane:" + tag)
                .replaceAll("(?m)^( +tag: )\".*\"$", "$1\"" + tag + "\"")
                .replaceAll("(?m)^( +registry: )\"\"$", "$1\"" + registry + "\"");
    }

    boolean isThere() {
        return cluster.api()
                        .apps()
                        .deployments()
                        .inNamespace(ControlPlanes.NAMESPACE)
                        .withName(DEPLOYMENT)
                        .get()
                != null;
    }

    /** Installs it unless it is there; gives the time until it was ready. */
    Duration ensure() {
        long start = System.nanoTime();
        if (!isThere()) {
            Await.until(
                    "an earlier " + ControlPlanes.NAMESPACE + " gone",
                    PATIENCE,
                    () -> cluster.api()
                                    .namespaces()
                                    .withName(ControlPlanes.NAMESPACE)
                                    .get()
                            == null);
            made = true;
            cluster.apply(ControlPlanes.NAMESPACE, manifests);
        }
        cluster.awaitRollout(ControlPlanes.NAMESPACE, DEPLOYMENT);
        Await.until("pods injected", PATIENCE, this::injects);
        return Duration.ofNanos(System.nanoTime() - start);
    }

    /** Whether a pod that asks for the agent would get it; none is made. */
    private boolean injects() {
        Pod asked = new PodBuilder()
                .withNewMetadata()
                .withGenerateName("sidestep-e2e-")
                .withNamespace("default")
                .addToLabels("sidestep.dev/inject", "agent")
                .endMetadata()
                .withNewSpec()
                .addNewContainer()
                .withName("app")
                .withImage("app")
                .endContainer()
                .endSpec()
                .build();
        Pod given = cluster.api()
                .pods()
                .inNamespace("default")
                .resource(asked)
                .dryRun()
                .create();
        return given.getMetadata().getLabels().containsKey("sidestep.dev/injected");
    }

    boolean isOurs() {
        return made;
    }

    /** Takes away what this run installed. */
    void remove() {
        if (!made) {
            return;
        }
        cluster.delete(ControlPlanes.NAMESPACE, manifests);
        Await.until(
                ControlPlanes.NAMESPACE + " gone",
                PATIENCE,
                () -> cluster.api()
                                .namespaces()
                                .withName(ControlPlanes.NAMESPACE)
                                .get()
                        == null);
        made = false;
    }
}
