package dev.sidestep.demo;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.ByteArrayInputStream;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** A namespace of the demo's own. Nothing outside of it is changed. For any thread. */
final class ClusterNamespace {
    private static final int LETTERS = 36;
    private static final Duration REMOVAL_LIMIT = Duration.ofMinutes(1);

    private final KubernetesClient client;
    private final String name = "sidestep-demo-"
            + Integer.toString(
                    ThreadLocalRandom.current()
                            .nextInt(LETTERS * LETTERS * LETTERS, LETTERS * LETTERS * LETTERS * LETTERS),
                    LETTERS);
    private boolean made;
    private boolean removed;

    /** Makes nothing yet. The caller closes {@code client}. */
    ClusterNamespace(KubernetesClient client) {
        this.client = client;
    }

    String name() {
        return name;
    }

    String server() {
        return String.valueOf(client.getMasterUrl()).replaceFirst("/$", "");
    }

    /** Not once it was removed: a Ctrl-C may come at any time. */
    synchronized void make() throws DemoException {
        if (removed) {
            return;
        }
        made = true; // Even if the answer is lost.
        try {
            client.namespaces()
                    .resource(new NamespaceBuilder()
                            .withNewMetadata()
                            .withName(name)
                            .addToLabels("app.kubernetes.io/managed-by", "sidestep-demo")
                            .endMetadata()
                            .build())
                    .create();
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_FORBIDDEN) {
                made = false;
                throw new DemoException("namespace " + name + " cannot be made (" + said(e)
                        + "); ask for the right to create namespaces, or name another --context");
            }
            throw e;
        }
    }

    /** Pods are refused before their service account is there. */
    boolean isUsable() {
        return client.serviceAccounts().inNamespace(name).withName("default").get() != null;
    }

    /** Makes what is in a template of ours. */
    void create(String template, Map<String, Object> values) {
        String yaml = Manifests.fill(template, values);
        for (HasMetadata each : client.load(new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8)))
                .items()) {
            var unused = client.resource(each).inNamespace(name).create();
        }
    }

    /** Sets an annotation of the whole namespace. */
    void annotate(String key, String value) {
        var unused = client.namespaces()
                .withName(name)
                .edit(each -> new NamespaceBuilder(each)
                        .editMetadata()
                        .addToAnnotations(key, value)
                        .endMetadata()
                        .build());
    }

    /** What Kubernetes complained about last, to be put behind a message; or "". */
    String lastWarning() {
        return client.v1().events().inNamespace(name).list().getItems().stream()
                .filter(each -> "Warning".equals(each.getType()))
                .reduce((first, second) -> second)
                .map(ClusterNamespace::text)
                .orElse("");
    }

    private static String text(Event event) {
        return "; Kubernetes says of " + event.getInvolvedObject().getName() + ": " + event.getMessage();
    }

    /** Begins to remove it, and says whether there was anything to remove. Any number of times. */
    synchronized boolean remove() {
        boolean was = made;
        made = false;
        removed = true;
        if (was) {
            var unused = client.namespaces().withName(name).delete();
        }
        return was;
    }

    /** Whether it is gone, within a minute. */
    boolean awaitRemoval() {
        try {
            client.namespaces()
                    .withName(name)
                    .waitUntilCondition(Objects::isNull, REMOVAL_LIMIT.toSeconds(), TimeUnit.SECONDS);
            return true;
        } catch (KubernetesClientException e) {
            return false;
        }
    }

    /** What the API server said, for a message. */
    static String said(KubernetesClientException e) {
        return e.getStatus() == null || e.getStatus().getMessage() == null
                ? String.valueOf(e.getMessage())
                : e.getStatus().getMessage();
    }
}
