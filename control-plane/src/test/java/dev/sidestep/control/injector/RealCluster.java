package dev.sidestep.control.injector;

import dev.sidestep.control.ControlPlane;
import dev.sidestep.control.ControlPlaneConfig;
import dev.sidestep.control.https.HttpsListener;
import dev.sidestep.control.kube.Clients;
import dev.sidestep.control.settings.Settings;
import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.Requirements;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A control plane in this process that injects the pods of namespaces of its own on a real cluster. All that it makes there
 * has a name with {@link #PREFIX}, and goes when it is closed.
 */
final class RealCluster implements AutoCloseable {
    private static final String PREFIX = "injector-it-";
    private static final String SYSTEM = PREFIX + "system";
    private static final String MARK = "sidestep-test/injector-it";
    private static final Duration SOON = Duration.ofSeconds(30);

    private final KubernetesClient client;
    private final ControlPlane controlPlane;
    private final JsonMapper json = JsonMapper.shared();

    private RealCluster(KubernetesClient client, ControlPlane controlPlane) {
        this.client = client;
        this.controlPlane = controlPlane;
    }

    static RealCluster start() throws IOException {
        Path file = Requirements.kubeconfig();
        HttpsListener.prepare(System.getProperties());
        KubernetesClient client = Clients.connect(Optional.of(file), Optional.empty());
        removeAll(client);
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(SYSTEM)
                        .endMetadata()
                        .build())
                .create();
        InetAddress here = InetAddress.getByName(
                Objects.requireNonNullElse(System.getenv("SIDESTEP_TEST_KUBE_HOST"), nodeAddress(client)));
        var anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        var controlPlane = ControlPlane.start(new ControlPlaneConfig(
                new ControlPlaneConfig.Kubernetes(Optional.of(file), Optional.empty(), Set.of()),
                anyPort,
                Optional.empty(),
                anyPort,
                false,
                Optional.of(new InetSocketAddress(here, 0)),
                new ControlPlaneConfig.Replica("", SYSTEM, Optional.of(here), SYSTEM, Path.of("/nonexistent/token")),
                Settings.DEFAULT));
        var cluster = new RealCluster(client, controlPlane);
        cluster.install(here, controlPlane.injectorAddress().orElseThrow().getPort());
        return cluster;
    }

    private static String nodeAddress(KubernetesClient client) {
        return client.nodes().list().getItems().get(0).getStatus().getAddresses().stream()
                .filter(address -> address.getType().equals("InternalIP"))
                .findFirst()
                .orElseThrow()
                .getAddress();
    }

    /** A Service without pods behind it leads to this process; the webhook looks at our namespaces only. */
    private void install(InetAddress here, int port) {
        apply("""
                apiVersion: v1
                kind: Service
                metadata: {name: control-plane, namespace: %1$s}
                spec: {ports: [{name: https-injector, port: 16017, targetPort: %2$d}]}
                ---
                apiVersion: discovery.k8s.io/v1
                kind: EndpointSlice
                metadata: {name: control-plane-1, namespace: %1$s, labels: {kubernetes.io/service-name: control-plane}}
                addressType: IPv4
                ports: [{name: https-injector, port: %2$d, protocol: TCP}]
                endpoints: [{addresses: ["%3$s"]}]
                ---
                apiVersion: admissionregistration.k8s.io/v1
                kind: MutatingWebhookConfiguration
                metadata: {name: %1$s}
                webhooks:
                - name: injector-it.sidestep.dev
                  clientConfig: {service: {name: control-plane, namespace: %1$s, path: /inject, port: 16017}}
                  rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods], scope: Namespaced}]
                  namespaceSelector: {matchLabels: {%4$s: "true"}}
                  objectSelector: {matchExpressions: [{key: sidestep.dev/inject, operator: Exists}]}
                  failurePolicy: Ignore
                  timeoutSeconds: 2
                  reinvocationPolicy: IfNeeded
                  sideEffects: NoneOnDryRun
                  admissionReviewVersions: [v1]
                """.formatted(SYSTEM, port, here.getHostAddress(), MARK));
    }

    private void apply(String documents) {
        for (String document : documents.split("---\n", 0)) {
            client.resource(Serialization.unmarshal(
                            PodBuilder.yaml(document).toString(), GenericKubernetesResource.class))
                    .create();
        }
    }

    void namespace(String name, Map<String, String> labels) {
        Map<String, String> all = new HashMap<>(labels);
        all.put(MARK, "true");
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(PREFIX + name)
                        .withLabels(all)
                        .endMetadata()
                        .build())
                .create();
        Await.until(
                "the service account of " + name,
                SOON,
                () -> client.serviceAccounts()
                                .inNamespace(PREFIX + name)
                                .withName("default")
                                .get()
                        != null);
    }

    void quota(String namespace, String spec) {
        apply("{apiVersion: v1, kind: ResourceQuota, metadata: {name: rule, namespace: %s}, spec: %s}"
                .formatted(PREFIX + namespace, spec));
        Await.until("the quota of " + namespace, SOON, () -> {
            var quota = client.resourceQuotas()
                    .inNamespace(PREFIX + namespace)
                    .withName("rule")
                    .get();
            return quota.getStatus() != null && quota.getStatus().getHard() != null;
        });
    }

    void limitRange(String namespace, String spec) {
        apply("{apiVersion: v1, kind: LimitRange, metadata: {name: rule, namespace: %s}, spec: %s}"
                .formatted(PREFIX + namespace, spec));
    }

    /** Until the API server trusts us and knows the way, and we know our Service. */
    void awaitReady(String namespace) {
        Await.untilPasses("an injected pod", SOON, () -> {
            JsonNode pod = create(namespace, PodBuilder.pod("agent"), true);
            if (!pod.toString().contains("/drained/")) {
                throw new AssertionError(pod.toString());
            }
        });
    }

    /** What the API server has made of {@code pod}. */
    JsonNode create(String namespace, ObjectNode pod, boolean dryRun) {
        Pod typed = Serialization.unmarshal(pod.toString(), Pod.class);
        var resource = client.pods().inNamespace(PREFIX + namespace).resource(typed);
        Pod made = dryRun ? resource.dryRun().create() : resource.create();
        return json.readTree(Serialization.asJson(made));
    }

    /** The same function once more, as a second call of the webhook. */
    Decision decideAgain(String namespace, ObjectNode pod) {
        NamespaceFacts facts = InjectionTable.rows().stream()
                .filter(row -> row.name().equals(namespace))
                .findFirst()
                .orElseThrow()
                .namespace();
        return new Injector(settingsOf(pod), () -> "another-id").decide(pod, facts, clusterFacts(pod));
    }

    /** Where a control plane is installed besides, its word about images comes last. */
    private static Settings settingsOf(ObjectNode pod) {
        Matcher image = Pattern.compile("\"image\":\"([^\"]*?)/?(?:sidecar|agent):([^\"]+)\"")
                .matcher(pod.toString());
        String tag = PodBuilder.at(PodBuilder.status(pod), "/version");
        return Settings.DEFAULT.withImage(new Settings.Image(image.find() ? image.group(1) : "", tag, "IfNotPresent"));
    }

    /** What the running one knew. */
    private ClusterFacts clusterFacts(ObjectNode pod) {
        Matcher ranges = Pattern.compile("\"SIDESTEP_SERVICE_RANGES\",\"value\":\"([^\"]*)\"")
                .matcher(pod.toString());
        return new ClusterFacts(
                KubernetesVersion.parse("1.35"),
                ranges.find() ? List.of(ranges.group(1).split(",", 0)) : List.of("10.96.0.0/16"),
                PodBuilder.at(pod, "/metadata/annotations/sidestep.dev~1ca"),
                Optional.of(client.services()
                        .inNamespace(SYSTEM)
                        .withName("control-plane")
                        .get()
                        .getSpec()
                        .getClusterIP()));
    }

    /** Of the object with {@code uid}: type, reason and message each. */
    List<String> events(String namespace, String uid) {
        return client.v1().events().inNamespace(PREFIX + namespace).list().getItems().stream()
                .filter(event -> uid.equals(event.getInvolvedObject().getUid()))
                .map(event -> event.getType() + " " + event.getReason() + " " + event.getMessage())
                .toList();
    }

    double count(String result, String reason) {
        Matcher line = Pattern.compile(
                        "sidestep_injections_total\\{reason=\"" + reason + "\",result=\"" + result + "\"\\} ([0-9.]+)")
                .matcher(metrics());
        return line.find() ? Double.parseDouble(line.group(1)) : 0;
    }

    /** All that we were asked and counted. */
    double admissions() {
        Matcher lines = Pattern.compile("sidestep_injections_total\\{[^}]*\\} ([0-9.]+)")
                .matcher(metrics());
        return lines.results()
                .mapToDouble(line -> Double.parseDouble(line.group(1)))
                .sum();
    }

    private String metrics() {
        var uri = URI.create("http://127.0.0.1:" + controlPlane.adminAddress().getPort() + "/metrics");
        try {
            return HttpClient.newHttpClient()
                    .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
                    .body();
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** The API server's histogram of our webhook: how many calls took at most so many seconds. */
    private Map<Double, Double> latencies() {
        var buckets = new TreeMap<Double, Double>();
        Pattern bucket = Pattern.compile("apiserver_admission_webhook_admission_duration_seconds_bucket\\{"
                + "name=\"injector-it.sidestep.dev\",[^}]*le=\"([^\"]+)\"\\} ([0-9.e+]+)");
        Matcher lines = bucket.matcher(client.raw("/metrics"));
        while (lines.find()) {
            double seconds =
                    lines.group(1).equals("+Inf") ? Double.POSITIVE_INFINITY : Double.parseDouble(lines.group(1));
            buckets.merge(seconds, Double.parseDouble(lines.group(2)), Double::sum);
        }
        return buckets;
    }

    String webhookLatency() {
        var text = new ArrayList<String>();
        latencies().forEach((seconds, calls) -> text.add("<= " + seconds + " s: " + calls.longValue()));
        return String.join(", ", text);
    }

    /** Sends reviews of {@code pod} over one connection, as an API server does; how many milliseconds each took, sorted. */
    List<Double> reviews(String namespace, ObjectNode pod, int unmeasured, int measured) {
        ObjectNode review = PodBuilder.yaml("""
                {apiVersion: admission.k8s.io/v1, kind: AdmissionReview, request: {uid: "1", operation: CREATE, dryRun: true,
                 resource: {group: "", version: v1, resource: pods}}}
                """);
        ((ObjectNode) review.path("request"))
                .put("namespace", PREFIX + namespace)
                .set("object", pod);
        InetSocketAddress address = controlPlane.injectorAddress().orElseThrow();
        var request = HttpRequest.newBuilder(
                        URI.create("https://" + address.getHostString() + ":" + address.getPort() + "/inject"))
                .POST(HttpRequest.BodyPublishers.ofString(review.toString()))
                .build();
        var millis = new ArrayList<Double>();
        try {
            HttpClient http = HttpClient.newBuilder()
                    .version(HttpClient.Version.HTTP_1_1)
                    .sslContext(trustingOurs())
                    .build();
            for (int round = 0; round < unmeasured + measured; round++) {
                long from = System.nanoTime();
                HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
                if (round >= unmeasured) {
                    millis.add((System.nanoTime() - from) / 1e6);
                }
                if (!answer.body().contains("JSONPatch")) {
                    throw new AssertionError(answer.body());
                }
            }
        } catch (IOException | GeneralSecurityException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
        Collections.sort(millis);
        return millis;
    }

    /** By what the webhook's configuration says, as the API server. */
    private SSLContext trustingOurs() throws GeneralSecurityException, IOException {
        String bundle = client.admissionRegistration()
                .v1()
                .mutatingWebhookConfigurations()
                .withName(SYSTEM)
                .get()
                .getWebhooks()
                .get(0)
                .getClientConfig()
                .getCaBundle();
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        var certificates = CertificateFactory.getInstance("X.509")
                .generateCertificates(
                        new ByteArrayInputStream(Base64.getDecoder().decode(bundle)));
        for (Certificate certificate : certificates) {
            trusted.setCertificateEntry(String.valueOf(trusted.size()), certificate);
        }
        var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, factory.getTrustManagers(), null);
        return context;
    }

    @Override
    public void close() {
        controlPlane.close();
        removeAll(client);
        client.close();
    }

    private static void removeAll(KubernetesClient client) {
        client.admissionRegistration()
                .v1()
                .mutatingWebhookConfigurations()
                .withName(SYSTEM)
                .delete();
        var ours = client.namespaces().list().getItems().stream()
                .map(namespace -> namespace.getMetadata().getName())
                .filter(name -> name.startsWith(PREFIX))
                .toList();
        ours.forEach(name -> client.namespaces().withName(name).delete());
        Await.until(
                "the end of " + ours,
                Duration.ofMinutes(2),
                () -> ours.stream()
                        .allMatch(name -> client.namespaces().withName(name).get() == null));
    }
}
