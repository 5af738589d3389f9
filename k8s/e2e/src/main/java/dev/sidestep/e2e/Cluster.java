package dev.sidestep.e2e;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatus;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.ExecWatch;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The cluster of a kubeconfig, by the few things that scenarios do with it. For any thread. */
public final class Cluster implements AutoCloseable {
    /** On each namespace that a run makes; only such are ever deleted. */
    static final Map<String, String> OURS = Map.of("app.kubernetes.io/managed-by", "sidestep-e2e");

    private static final String FIELD_MANAGER = "sidestep-e2e";
    private static final Duration EXEC_LIMIT = Duration.ofMinutes(5);
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final KubernetesClient client;

    private Cluster(KubernetesClient client) {
        this.client = client;
    }

    /** What a command in a container said. */
    public record Output(int code, String text) {
        public boolean ok() {
            return code == 0;
        }
    }

    /** @throws ClusterException when the kubeconfig cannot be used */
    static Cluster connect(Path kubeconfig) throws IOException {
        Config config;
        try {
            config = Config.fromKubeconfig(kubeconfig.toFile());
        } catch (KubernetesClientException | IllegalArgumentException e) {
            throw new ClusterException("--kubeconfig " + kubeconfig + " cannot be used: " + e.getMessage(), e);
        }
        Config complete = new ConfigBuilder(config)
                .withClientKeyAlgo(keyAlgorithm(config))
                .withRequestTimeout((int) Duration.ofSeconds(30).toMillis())
                .withConnectionTimeout((int) Duration.ofSeconds(10).toMillis())
                .build();
        return new Cluster(new KubernetesClientBuilder().withConfig(complete).build());
    }

    /** The library takes every key in PKCS #8, whose frame does not name the algorithm, for RSA's. */
    private static String keyAlgorithm(Config config) throws IOException {
        String pem = "";
        if (config.getClientKeyData() != null) {
            pem = new String(Base64.getDecoder().decode(config.getClientKeyData()), StandardCharsets.US_ASCII);
        } else if (config.getClientKeyFile() != null) {
            pem = Files.readString(Path.of(config.getClientKeyFile()));
        }
        if (!pem.contains("BEGIN PRIVATE KEY")) {
            return config.getClientKeyAlgo();
        }
        byte[] key = Base64.getMimeDecoder()
                .decode(pem.replaceAll("-----[A-Z ]*-----", "").strip());
        try {
            var unused = KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(key));
            return "RSA";
        } catch (GeneralSecurityException e) {
            return "EC";
        }
    }

    /** For what is needed once. */
    public KubernetesClient api() {
        return client;
    }

    public String version() {
        return client.getKubernetesVersion().getGitVersion();
    }

    // --- Namespaces ------------------------------------------------------------------------------------------------

    /** Makes it; one of the same name that an earlier run left is deleted first. */
    void createNamespace(String name, Map<String, String> labels) {
        deleteNamespace(name);
        client.namespaces()
                .resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .addToLabels(OURS)
                        .addToLabels(labels)
                        .endMetadata()
                        .build())
                .create();
        // Pods are refused before it is there.
        Await.until(
                "the service account of " + name,
                PATIENCE,
                () -> client.serviceAccounts()
                                .inNamespace(name)
                                .withName("default")
                                .get()
                        != null);
    }

    /** Marks one that a scenario made in its own way as a run's. */
    public void claimNamespace(String name) {
        client.namespaces()
                .withName(name)
                .edit(each -> new NamespaceBuilder(each)
                        .editMetadata()
                        .addToLabels(OURS)
                        .endMetadata()
                        .build());
    }

    public void annotateNamespace(String name, String annotation, String value) {
        client.namespaces()
                .withName(name)
                .edit(each -> new NamespaceBuilder(each)
                        .editMetadata()
                        .addToAnnotations(annotation, value)
                        .endMetadata()
                        .build());
    }

    /** Deletes it and waits until it is gone, if it is there and was made by a run. */
    void deleteNamespace(String name) {
        var namespace = client.namespaces().withName(name).get();
        if (namespace == null) {
            return;
        }
        if (!namespace.getMetadata().getLabels().entrySet().containsAll(OURS.entrySet())) {
            throw new ClusterException("namespace " + name + " is there and not from a run; delete or rename it");
        }
        var unused = client.namespaces().withName(name).delete();
        Await.until(
                "namespace " + name + " gone",
                PATIENCE,
                () -> client.namespaces().withName(name).get() == null);
    }

    // --- Objects ---------------------------------------------------------------------------------------------------

    /** Applies manifests; those that name no namespace go to the given one. */
    public void apply(String namespace, String manifests) {
        for (HasMetadata each : load(manifests)) {
            if (each.getMetadata().getNamespace() == null) {
                each.getMetadata().setNamespace(namespace);
            }
            client.resource(each).fieldManager(FIELD_MANAGER).forceConflicts().serverSideApply();
        }
    }

    /** Deletes what manifests hold, in reverse; what is not there is no error. */
    public void delete(String namespace, String manifests) {
        List<HasMetadata> items = load(manifests);
        for (int i = items.size() - 1; i >= 0; i--) {
            HasMetadata each = items.get(i);
            if (each.getMetadata().getNamespace() == null) {
                each.getMetadata().setNamespace(namespace);
            }
            var unused = client.resource(each).delete();
        }
    }

    private List<HasMetadata> load(String manifests) {
        return client.load(new ByteArrayInputStream(manifests.getBytes(StandardCharsets.UTF_8)))
                .items();
    }

    public void scale(String namespace, String deployment, int replicas) {
        var unused = client.apps()
                .deployments()
                .inNamespace(namespace)
                .withName(deployment)
                .scale(replicas);
    }

    /** As {@code kubectl rollout restart} and {@code rollout status} do. */
    public void restart(String namespace, String deployment) {
        beginRestart(namespace, deployment);
        awaitRollout(namespace, deployment);
    }

    /** As {@code kubectl rollout restart} does. */
    public void beginRestart(String namespace, String deployment) {
        var unused = client.apps()
                .deployments()
                .inNamespace(namespace)
                .withName(deployment)
                .rolling()
                .restart();
    }

    public void awaitRollout(String namespace, String deployment) {
        Await.until(
                "Deployment " + namespace + "/" + deployment + " rolled out",
                PATIENCE.multipliedBy(2),
                () -> isRolledOut(client.apps()
                        .deployments()
                        .inNamespace(namespace)
                        .withName(deployment)
                        .get()));
    }

    private static boolean isRolledOut(Deployment deployment) {
        int wanted = deployment.getSpec().getReplicas();
        DeploymentStatus status = deployment.getStatus();
        return Objects.equals(
                        status.getObservedGeneration(), deployment.getMetadata().getGeneration())
                && count(status.getReplicas()) == wanted
                && count(status.getUpdatedReplicas()) == wanted
                && count(status.getAvailableReplicas()) == wanted;
    }

    private static int count(Integer value) {
        return value == null ? 0 : value;
    }

    /** The pods that a label picks and that are not going away. */
    public List<Pod> pods(String namespace, String label, String value) {
        return client.pods().inNamespace(namespace).withLabel(label, value).list().getItems().stream()
                .filter(each -> each.getMetadata().getDeletionTimestamp() == null)
                .toList();
    }

    public List<String> podNames(String namespace, String app) {
        return pods(namespace, "app", app).stream()
                .map(each -> each.getMetadata().getName())
                .sorted()
                .toList();
    }

    public void deletePod(String namespace, String pod) {
        var unused = client.pods()
                .inNamespace(namespace)
                .withName(pod)
                .withPropagationPolicy(null)
                .delete();
    }

    public Optional<Pod> pod(String namespace, String name) {
        return Optional.ofNullable(
                client.pods().inNamespace(namespace).withName(name).get());
    }

    public void awaitReady(String namespace, String pod) {
        Await.until(
                "pod " + namespace + "/" + pod + " ready",
                PATIENCE,
                () -> pod(namespace, pod).map(Cluster::isReady).orElse(false));
    }

    /** Waits for the end of a pod that ends, and gives its phase. */
    public String awaitEnd(String namespace, String pod) {
        return Await.untilPresent(
                "the end of pod " + namespace + "/" + pod,
                PATIENCE,
                () -> pod(namespace, pod)
                        .map(each -> each.getStatus().getPhase())
                        .filter(phase -> phase.equals("Succeeded") || phase.equals("Failed")));
    }

    public static boolean isReady(Pod pod) {
        return pod.getStatus().getConditions().stream()
                .anyMatch(each ->
                        each.getType().equals("Ready") && each.getStatus().equals("True"));
    }

    public String logs(String namespace, String pod, String container) {
        return client.pods()
                .inNamespace(namespace)
                .withName(pod)
                .inContainer(container)
                .getLog();
    }

    // --- Into pods -------------------------------------------------------------------------------------------------

    /** A GET to a pod's port, by way of the API server. */
    public String get(String namespace, String pod, int port, String path) {
        return raw(namespace, pod, port, path, "GET");
    }

    public String post(String namespace, String pod, int port, String path) {
        return raw(namespace, pod, port, path, "POST");
    }

    public String delete(String namespace, String pod, int port, String path) {
        return raw(namespace, pod, port, path, "DELETE");
    }

    private String raw(String namespace, String pod, int port, String path, String method) {
        String uri = "/api/v1/namespaces/" + namespace + "/pods/" + pod + ":" + port + "/proxy/" + path;
        try {
            String answer = client.raw(uri, method, method.equals("POST") ? "" : null);
            return answer == null ? "" : answer;
        } catch (KubernetesClientException e) {
            throw new ClusterException(method + " " + uri + ": " + e.getMessage(), e);
        }
    }

    /** Runs a command in a container; once, and not for load. */
    public Output exec(String namespace, String pod, String container, String... command) {
        var said = new ByteArrayOutputStream();
        try (ExecWatch watch = client.pods()
                .inNamespace(namespace)
                .withName(pod)
                .inContainer(container)
                .writingOutput(said)
                .writingError(said)
                .exec(command)) {
            Integer code = watch.exitCode().get(EXEC_LIMIT.toSeconds(), TimeUnit.SECONDS);
            return new Output(
                    code == null ? -1 : code,
                    said.toString(StandardCharsets.UTF_8).strip());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ClusterException("interrupted", e);
        } catch (ExecutionException | TimeoutException | KubernetesClientException e) {
            throw new ClusterException(
                    "in pod " + namespace + "/" + pod + ": " + String.join(" ", command) + ": " + e, e);
        }
    }

    @Override
    public void close() {
        client.close();
    }
}
