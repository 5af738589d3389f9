package dev.sidestep.cli.images;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a cluster asks of a control plane beside its clients' streams: pods that want to be injected, pods that end, and
 * endpoints that come and go. For one thread.
 */
final class ClusterLoad {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final String INJECTOR = "https://127.0.0.1:16017";
    private static final List<String> MODES = List.of("agent", "sidecar", "grpc", "sidecar-and-agent", "disabled");

    private final JsonMapper json = new JsonMapper();
    private final PretendObjects objects;
    private final HttpClient client;

    /** @param trusting believes the injector */
    ClusterLoad(PretendObjects objects, SSLContext trusting) {
        this.objects = objects;
        client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .sslContext(trusting)
                .connectTimeout(PATIENCE)
                .build();
    }

    /** A pod of each mode is made, and one takes the place of another. */
    void round(int round) throws IOException, InterruptedException {
        long begin = System.nanoTime();
        for (String mode : MODES) {
            review(mode);
        }
        if (round == 0) {
            System.out.println("first-reviews-ms=" + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin));
        }
        int arrival = round + 1; // The first was there before.
        String arrives = pod(arrival);
        objects.put("pods", PretendCluster.pod("training", arrives, address(arrival), "drain-" + arrival));
        slice(Map.of(pod(round), address(round), arrives, address(arrival)));
        // A kubelet's question; it is answered when all clients have heard of it.
        var unused =
                client.sendAsync(get("/drained/drain-" + round + "?cap=1s"), HttpResponse.BodyHandlers.discarding());
        slice(Map.of(arrives, address(arrival)));
        objects.delete("pods", "training", pod(round));
    }

    private static String pod(int round) {
        return "churn-" + round;
    }

    /** Nobody listens there. */
    private static String address(int round) {
        return "127.0.2." + (1 + round % 200);
    }

    private static HttpRequest get(String path) {
        return HttpRequest.newBuilder(URI.create(INJECTOR + path))
                .timeout(PATIENCE)
                .build();
    }

    private void slice(Map<String, String> pods) {
        objects.put("endpointslices", PretendCluster.slice("training", "churn", 18081, pods));
    }

    private void review(String mode) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(INJECTOR + "/inject?timeout=2s"))
                .timeout(PATIENCE)
                .header("content-type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("""
                        {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
                          "uid": "of-training", "operation": "CREATE", "namespace": "training", "dryRun": false,
                          "kind": {"group": "", "version": "v1", "kind": "Pod"},
                          "resource": {"group": "", "version": "v1", "resource": "pods"},
                          "userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller"},
                          "object": {"apiVersion": "v1", "kind": "Pod",
                            "metadata": {"generateName": "web-", "namespace": "training",
                              "labels": {"app": "web", "sidestep.dev/inject": "%s"},
                              "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web",
                                "uid": "web", "controller": true}]},
                            "spec": {"serviceAccountName": "default", "restartPolicy": "Always",
                              "containers": [{"name": "web", "image": "web:1", "ports": [{"containerPort": 8080}],
                                "env": [{"name": "JAVA_TOOL_OPTIONS", "value": "-Xmx1g"}],
                                "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
                                "readinessProbe": {"httpGet": {"path": "/", "port": 8080}},
                                "volumeMounts": [{"name": "data", "mountPath": "/data"}]}],
                              "volumes": [{"name": "data", "emptyDir": {}}]}}}}
                        """.formatted(mode)))
                .build();
        HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
        JsonNode answer = json.readTree(response.body()).path("response");
        boolean patched = answer.has("patch");
        if (!answer.path("allowed").asBoolean(false) || patched == mode.equals("disabled")) {
            throw new IllegalStateException("injection: " + mode + " was answered with " + response.body());
        }
    }
}
