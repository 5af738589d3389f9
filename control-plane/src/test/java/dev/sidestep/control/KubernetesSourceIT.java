package dev.sidestep.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.control.settings.Settings;
import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.FreePorts;
import dev.sidestep.xds.ResourceType;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The control plane on a fake API server; a real one has its own test, where there is one. */
final class KubernetesSourceIT {
    private static final String WEB = "web.default.svc.cluster.local:80";
    private static final InetSocketAddress ANY_PORT = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    /** The client library backs off for up to half a minute. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    @SuppressWarnings("NullAway.Init") // Set by JUnit.
    Path folder;

    @SuppressWarnings("NullAway.Init") // Set before each test.
    private FakeApiServer api;

    private Optional<ControlPlane> controlPlane = Optional.empty();

    @BeforeEach
    void startApi() throws IOException {
        api = new FakeApiServer(FreePorts.next());
        api.service("web", 80);
    }

    @AfterEach
    void stop() {
        controlPlane.ifPresent(ControlPlane::close);
        api.close();
    }

    private ControlPlane start() throws IOException {
        var source = new ControlPlaneConfig.Kubernetes(Optional.of(api.kubeconfig(folder)), Optional.empty(), Set.of());
        ControlPlane started = ControlPlane.start(new ControlPlaneConfig(
                source,
                ANY_PORT,
                Optional.empty(),
                ANY_PORT,
                false,
                Optional.empty(),
                ControlPlaneConfig.Replica.UNKNOWN,
                Settings.DEFAULT));
        controlPlane = Optional.of(started);
        return started;
    }

    private static HttpResponse<String> get(ControlPlane from, String path) throws IOException, InterruptedException {
        URI uri = URI.create("http://127.0.0.1:" + from.adminAddress().getPort() + path);
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void followsServicesAndSlices() throws IOException {
        api.slice("web-1", "web", "10.0.0.1");
        ControlPlane started = start();
        try (DeltaClient client = new DeltaClient(started.xdsAddress())) {
            client.subscribe(ResourceType.SERVICE, WEB);
            assertThat(client.awaitEndpoints("10.0.0.1:8080").addresses()).containsExactly("10.96.0.10:80");

            api.slice("web-2", "web", "10.0.0.2", "10.0.0.3");
            client.awaitEndpoints("10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080");
            api.slice("web-2", "web", "10.0.0.3");
            client.awaitEndpoints("10.0.0.1:8080", "10.0.0.3:8080");
            api.delete("endpointslices", "web-1");
            client.awaitEndpoints("10.0.0.3:8080");
            api.delete("services", "web");
            assertThat(client.next(ResourceType.SERVICE).getRemovedResourcesList())
                    .containsExactly(WEB);
        }
    }

    @Test
    void asksAgainBeforeItBelievesThatMostEndpointsAreGone() throws IOException {
        api.slice("web-1", "web", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5");
        ControlPlane started = start();
        try (DeltaClient client = new DeltaClient(started.xdsAddress())) {
            client.subscribe(ResourceType.SERVICE, WEB);
            client.next(ResourceType.SERVICE);

            api.tellDeleted("endpointslices", "web-1");
            api.slice("web-2", "web", "10.0.0.6");
            assertThat(DeltaClient.cluster(client.next(ResourceType.SERVICE)).endpoints())
                    .hasSize(6);

            api.delete("endpointslices", "web-1");
            client.awaitEndpoints("10.0.0.6:8080");
        }
    }

    @Test
    void readsEndpointsWhereSlicesAreForbiddenAndSaysWhatToGrant() throws Exception {
        api.forbid("endpointslices");
        api.put(
                "endpoints",
                "Endpoints",
                "web",
                "",
                "\"subsets\": [{\"addresses\": [{\"ip\": \"10.0.0.7\"}], \"ports\": [{\"port\": 8080}]}]");
        ControlPlane started = start();
        try (DeltaClient client = new DeltaClient(started.xdsAddress())) {
            client.subscribe(ResourceType.SERVICE, WEB);
            client.awaitEndpoints("10.0.0.7:8080");
            assertThat(get(started, "/status").body())
                    .contains("grant the verbs list and watch on endpointslices.discovery.k8s.io in a ClusterRole");
        }
    }

    @Test
    void withoutPodsAndNodesItServesAndSaysWhatToGrant() throws Exception {
        api.forbid("pods");
        api.forbid("nodes");
        api.slice("web-1", "web", "10.0.0.1");
        ControlPlane started = start();
        try (DeltaClient client = new DeltaClient(started.xdsAddress())) {
            client.subscribe(ResourceType.SERVICE, WEB);
            client.awaitEndpoints("10.0.0.1:8080");
            assertThat(get(started, "/status").body())
                    .contains("grant the verbs list and watch on nodes in a ClusterRole\"")
                    .contains("grant the verbs list and watch on pods in a ClusterRole, or name the namespaces");
        }
    }

    @Test
    void aNodePortByANodesAddressIsFoundAsSoonAsThereIsSuchANode() throws IOException {
        api.put(
                "services",
                "Service",
                "web",
                "",
                "\"spec\": {\"clusterIP\": \"10.96.0.10\", \"type\": \"NodePort\","
                        + " \"ports\": [{\"port\": 80, \"targetPort\": 8080, \"nodePort\": 30080}]}");
        api.slice("web-1", "web", "10.0.0.1");
        ControlPlane started = start();
        try (DeltaClient client = new DeltaClient(started.xdsAddress())) {
            client.subscribe(ResourceType.SERVICE, "192.168.0.1:30080");
            client.next(ResourceType.SERVICE);
            api.put(
                    "nodes",
                    "Node",
                    "n1",
                    "",
                    "\"status\": {\"addresses\": [{\"type\": \"InternalIP\", \"address\": \"192.168.0.1\"}]}");
            client.awaitEndpoints("10.0.0.1:8080");
        }
    }

    @Test
    void isNotReadyWithoutServicesAndSaysWhy() throws Exception {
        api.forbid("services");
        ControlPlane started = start();

        Await.until(
                "reason in /status",
                PATIENCE,
                () -> get(started, "/status")
                        .body()
                        .contains("Kubernetes API, services: list and watch are forbidden (403)"));
        assertThat(get(started, "/readyz").statusCode()).isEqualTo(503);
    }

    @Test
    void servesTheLastStateWhileTheApiServerIsAwayAndCatchesUp() throws Exception {
        api.slice("web-1", "web", "10.0.0.1");
        ControlPlane started = start();
        try (DeltaClient client = new DeltaClient(started.xdsAddress())) {
            client.subscribe(ResourceType.SERVICE, WEB);
            client.awaitEndpoints("10.0.0.1:8080");

            api.stop();
            Await.until(
                    "trouble in /status",
                    PATIENCE,
                    () -> get(started, "/status").body().contains("what is known goes on serving"));
            try (DeltaClient late = new DeltaClient(started.xdsAddress())) {
                late.subscribe(ResourceType.SERVICE, WEB);
                late.awaitEndpoints("10.0.0.1:8080");
            }

            api.delete("endpointslices", "web-1");
            api.slice("web-2", "web", "10.0.0.2");
            api.restart();
            Await.untilPasses("catching up", PATIENCE, () -> {
                try (DeltaClient late = new DeltaClient(started.xdsAddress())) {
                    late.subscribe(ResourceType.SERVICE, WEB);
                    late.next(ResourceType.SELF);
                    assertThat(DeltaClient.cluster(late.next(ResourceType.SERVICE))
                                    .endpoints())
                            .extracting(endpoint -> endpoint.address())
                            .containsExactly("10.0.0.2");
                }
            });
            Await.until(
                    "no trouble in /status",
                    PATIENCE,
                    () -> !get(started, "/status").body().contains("goes on serving"));
        }
    }
}
