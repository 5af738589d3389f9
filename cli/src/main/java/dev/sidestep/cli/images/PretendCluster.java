package dev.sidestep.cli.images;

import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * All that a control plane finds in its pod, as the chart deploys it: arguments, environment, mounted files, an API server,
 * and objects there. Any thread.
 */
final class PretendCluster implements Closeable {
    private static final int API_PORT = 16443;
    private static final String NAMESPACE = "sidestep-system";
    private static final String SECRET = "control-plane-ca";
    private static final Duration TOKENS_LIFE = Duration.ofHours(1);

    private final PretendObjects objects = new PretendObjects();
    private final YAMLMapper yaml = new YAMLMapper();
    private final PretendApiServer server;
    private final Path seen;

    /**
     * Listens.
     *
     * @param folder where what is mounted is put
     * @param seen the same, as the control plane sees it
     */
    PretendCluster(Path folder, Path seen, TrainingKeys keys) throws IOException {
        this.seen = seen;
        Files.writeString(folder.resolve("api-ca.crt"), keys.certificate());
        Files.writeString(folder.resolve("api-token"), token(NAMESPACE, "control-plane", "control-plane-0", "api"));
        Files.writeString(
                folder.resolve("own-token"), token(NAMESPACE, "control-plane", "control-plane-0", "sidestep.dev"));
        Files.writeString(folder.resolve("token"), token("training", "default", "trainee", "sidestep.dev"));
        Files.writeString(folder.resolve("config.yaml"), """
                mode: "balance"
                clusterDomain: "cluster.local"
                serviceRanges: []
                injection: {defaultMode: "agent", psaMode: "agent", podSecurity: "privileged"}
                image: {registry: "", tag: "training", pullPolicy: "IfNotPresent"}
                drain: {cap: "10s"}
                sidecar: {cpuRequest: "10m", memoryRequest: "64Mi", cpuLimit: "1", memoryLimit: "128Mi", logLevel: "info"}
                tls: {caSecret: "%s", caLifetime: "8760h", existingSecret: "", certManagerSecret: ""}
                """.formatted(SECRET));
        populate();
        server = new PretendApiServer(API_PORT, keys, objects);
    }

    /** As of the chart's Deployment. */
    List<String> arguments() {
        return List.of(
                "control-plane",
                "--kubernetes",
                "--xds",
                "127.0.0.1:16010",
                "--xds-tls",
                "0.0.0.0:16012",
                "--injector",
                "0.0.0.0:16017",
                "--admin",
                "0.0.0.0:16080",
                "--config",
                seen.resolve("config.yaml").toString());
    }

    /** As of the chart's Deployment, and where a service account's files are, which a container has at a fixed place. */
    Map<String, String> environment() {
        return Map.of(
                "KUBERNETES_SERVICE_HOST",
                "127.0.0.1",
                "KUBERNETES_SERVICE_PORT",
                Integer.toString(API_PORT),
                "KUBERNETES_CERTS_CA_FILE",
                seen.resolve("api-ca.crt").toString(),
                "KUBERNETES_AUTH_SERVICEACCOUNT_TOKEN",
                seen.resolve("api-token").toString(),
                "POD_NAME",
                "control-plane-0",
                "POD_NAMESPACE",
                NAMESPACE,
                "POD_IP",
                "127.0.0.1",
                "SIDESTEP_TOKEN_FILE",
                seen.resolve("own-token").toString());
    }

    PretendObjects objects() {
        return objects;
    }

    /** Takes manifests in YAML; the plural of a kind in them is its name and an s. */
    void apply(String manifests) throws IOException {
        try (var documents = yaml.readerFor(JsonNode.class).<JsonNode>readValues(manifests)) {
            while (documents.hasNextValue()) {
                JsonNode each = documents.nextValue();
                objects.put(each.path("kind").asString("").toLowerCase(Locale.ROOT) + "s", each.toString());
            }
        } catch (JacksonException e) {
            throw new IOException("manifests of training: " + e.getMessage(), e);
        }
    }

    /** What the control plane tells clients to trust, as PEM; only once it is ready. */
    String trusted() {
        return objects.get("secrets", NAMESPACE, SECRET)
                .map(secret -> secret.path("data").path("ca.crt").asString(""))
                .map(encoded -> new String(Base64.getDecoder().decode(encoded), StandardCharsets.UTF_8))
                .orElseThrow(() -> new IllegalStateException("the control plane is ready without a Secret " + SECRET));
    }

    /** For a client that trusts {@link #trusted}. */
    SSLContext trusting() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        var pem = new ByteArrayInputStream(trusted().getBytes(StandardCharsets.UTF_8));
        for (Certificate each : CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
            store.setCertificateEntry("ca-" + store.size(), each);
        }
        var managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        return context;
    }

    private void populate() {
        for (String name : List.of("default", "kube-system", NAMESPACE, "training")) {
            objects.put("namespaces", """
                    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "%s", "uid": "ns-%s",
                     "labels": {"kubernetes.io/metadata.name": "%s"}, "annotations": {}}}
                    """.formatted(name, name, name));
        }
        objects.put("nodes", """
                {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1", "uid": "node-1",
                 "labels": {"topology.kubernetes.io/zone": "zone-a", "kubernetes.io/os": "linux"}},
                 "status": {"nodeInfo": {"kubeletVersion": "v1.33.0"}}}
                """);
        objects.put("servicecidrs", """
                {"apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR", "metadata": {"name": "kubernetes"},
                 "spec": {"cidrs": ["10.96.0.0/16"]}}
                """);
        objects.put("mutatingwebhookconfigurations", """
                {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
                 "metadata": {"name": "sidestep", "uid": "sidestep"}, "webhooks": [
                 {"name": "namespace.injector.sidestep.dev", "sideEffects": "None", "admissionReviewVersions": ["v1"],
                  "clientConfig": {"service": {"name": "control-plane", "namespace": "%1$s", "path": "/inject", "port": 16017}},
                  "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]},
                 {"name": "pod.injector.sidestep.dev", "sideEffects": "None", "admissionReviewVersions": ["v1"],
                  "clientConfig": {"service": {"name": "control-plane", "namespace": "%1$s", "path": "/inject", "port": 16017}},
                  "objectSelector": {"matchExpressions": [{"key": "sidestep.dev/inject", "operator": "Exists"}]}}]}
                """.formatted(NAMESPACE));
        objects.put("limitranges", """
                {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "limits", "namespace": "training"},
                 "spec": {"limits": [{"type": "Container", "max": {"cpu": "8", "memory": "8Gi"}}]}}
                """);
        objects.put("resourcequotas", """
                {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "quota", "namespace": "training"},
                 "spec": {"hard": {"pods": "500"}}, "status": {"hard": {"pods": "500"}, "used": {"pods": "3"}}}
                """);
        objects.put("pods", pod(NAMESPACE, "control-plane-0", "127.0.0.1", "drain-of-0"));
        objects.put("pods", pod(NAMESPACE, "control-plane-1", "127.0.0.2", "drain-of-1"));
        objects.put("pods", pod("training", "trainee", "127.0.0.1", "drain-of-trainee"));
        objects.put("pods", pod("training", "churn-0", "127.0.2.1", "drain-0"));
        objects.put("services", service(NAMESPACE, "control-plane", 16012));
        objects.put("services", service("training", "churn", 80));
        // The other replica is this one, by another name.
        objects.put(
                "endpointslices",
                slice(
                        NAMESPACE,
                        "control-plane",
                        16012,
                        Map.of("control-plane-0", "127.0.0.1", "control-plane-1", "127.0.0.2")));
        objects.put("endpointslices", slice("training", "churn", 18081, Map.of("churn-0", "127.0.2.1")));
    }

    static String pod(String namespace, String name, String address, String drainId) {
        return """
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "%2$s", "namespace": "%1$s", "uid": "uid-%2$s",
                 "generateName": "web-", "labels": {"app": "web", "sidestep.dev/injected": "sidecar"},
                 "annotations": {"sidestep.dev/drain-id": "%4$s"},
                 "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "web",
                  "controller": true}]},
                 "spec": {"nodeName": "node-1", "serviceAccountName": "default", "containers": [
                  {"name": "web", "image": "web:1", "ports": [{"containerPort": 8080, "name": "http"}],
                   "resources": {"requests": {"cpu": "100m"}}}]},
                 "status": {"phase": "Running", "podIP": "%3$s", "podIPs": [{"ip": "%3$s"}],
                  "conditions": [{"type": "Ready", "status": "True"}],
                  "containerStatuses": [{"name": "web", "ready": true, "restartCount": 0,
                   "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}]}}
                """.formatted(namespace, name, address, drainId);
    }

    private static String service(String namespace, String name, int port) {
        return """
                {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "%2$s", "namespace": "%1$s", "uid": "%2$s"},
                 "spec": {"clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.9"], "type": "ClusterIP",
                  "ipFamilies": ["IPv4"], "selector": {"app": "%2$s"},
                  "ports": [{"name": "xds", "port": %3$d, "protocol": "TCP", "targetPort": "xds"}]}}
                """.formatted(namespace, name, port);
    }

    /** @param pods their names, and the address of each */
    static String slice(String namespace, String service, int port, Map<String, String> pods) {
        var endpoints = new ArrayList<String>();
        pods.forEach((pod, address) -> endpoints.add("""
                    {"addresses": ["%1$s"], "nodeName": "node-1", "zone": "zone-a",
                     "conditions": {"ready": true, "serving": true, "terminating": false},
                     "targetRef": {"kind": "Pod", "name": "%2$s", "namespace": "%3$s", "uid": "uid-%2$s"}}
                    """.formatted(address, pod, namespace)));
        return """
                {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
                 "metadata": {"name": "%2$s-abcde", "namespace": "%1$s", "uid": "slice-%2$s",
                  "labels": {"kubernetes.io/service-name": "%2$s"}},
                 "ports": [{"name": "xds", "port": %3$d, "protocol": "TCP"}], "endpoints": [%4$s]}
                """.formatted(namespace, service, port, endpoints.stream().collect(Collectors.joining(", ")));
    }

    /** Of a projected volume, but signed by nobody. */
    private static String token(String namespace, String account, String pod, String audience) {
        return Base64.getUrlEncoder()
                        .withoutPadding()
                        .encodeToString("{\"alg\":\"none\"}".getBytes(StandardCharsets.UTF_8))
                + "."
                + Base64.getUrlEncoder().withoutPadding().encodeToString("""
                        {"aud": ["%4$s"], "exp": %5$d, "sub": "system:serviceaccount:%1$s:%2$s", "kubernetes.io": {
                         "namespace": "%1$s", "node": {"name": "node-1"}, "pod": {"name": "%3$s", "uid": "uid-%3$s"},
                         "serviceaccount": {"name": "%2$s", "uid": "of-%2$s"}}}
                        """.formatted(
                                namespace,
                                account,
                                pod,
                                audience,
                                Instant.now().plus(TOKENS_LIFE).getEpochSecond())
                        .getBytes(StandardCharsets.UTF_8))
                + ".c2lnbmF0dXJl";
    }

    @Override
    public void close() {
        server.close();
    }
}
