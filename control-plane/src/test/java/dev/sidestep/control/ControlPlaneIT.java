package dev.sidestep.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sidestep.model.Mode;
import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.Manifests;
import dev.sidestep.xds.DrainMethods;
import dev.sidestep.xds.ResourceType;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryResponse;
import dev.sidestep.xds.proto.v1.DrainedRequest;
import dev.sidestep.xds.proto.v1.DrainedResponse;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole control plane on a folder, over real sockets. */
final class ControlPlaneIT {
    private static final String WEB = "web.default.svc.cluster.local:80";
    private static final InetSocketAddress ANY_PORT = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    @TempDir
    @SuppressWarnings("NullAway.Init") // Set by JUnit.
    Path folder;

    @SuppressWarnings("NullAway.Init") // Set before each test.
    private Manifests manifests;

    @SuppressWarnings("NullAway.Init") // Set before each test.
    private ControlPlane controlPlane;

    @BeforeEach
    void start() throws IOException {
        manifests = new Manifests(folder);
        manifests.service("web", "http", 80);
        manifests.endpoint("web", "http", "web-1", 8081);
        controlPlane = startControlPlane();
    }

    private ControlPlane startControlPlane() throws IOException {
        return ControlPlane.start(ControlPlaneConfig.directory(folder).listeningOn(ANY_PORT, ANY_PORT));
    }

    @AfterEach
    void stop() {
        controlPlane.close();
    }

    private DeltaClient client() {
        return new DeltaClient(controlPlane.xdsAddress());
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        URI uri = URI.create("http://127.0.0.1:" + controlPlane.adminAddress().getPort() + path);
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void tellsAClientOfItselfFirstAndThenOfWhatItAsksFor() {
        try (DeltaClient client = client()) {
            client.subscribe(ResourceType.SERVICE, WEB);

            DeltaDiscoveryResponse first = client.next();
            assertThat(first.getTypeUrl()).isEqualTo(ResourceType.SELF);
            assertThat(DeltaClient.self(first).namespace()).isEqualTo("default");
            assertThat(DeltaClient.self(first).node()).isEqualTo("n1");
            assertThat(DeltaClient.self(first).serviceAddresses()).containsExactly("127.0.0.1");
            assertThat(DeltaClient.self(first).mode()).isEqualTo(Mode.BALANCE);
            client.awaitEndpoints("127.0.0.1:8081");
        }
    }

    @Test
    void followsTheManifests() {
        try (DeltaClient client = client()) {
            client.subscribe(ResourceType.SERVICE, WEB);
            client.awaitEndpoints("127.0.0.1:8081");

            manifests.endpoint("web", "http", "web-2", 8082);
            client.awaitEndpoints("127.0.0.1:8081", "127.0.0.1:8082");

            manifests.withoutEndpoint("web", "web-1");
            client.awaitEndpoints("127.0.0.1:8082");

            manifests.withoutService("web");
            DeltaDiscoveryResponse gone = client.next(ResourceType.SERVICE);
            assertThat(gone.getRemovedResourcesList()).containsExactly(WEB);
        }
    }

    @Test
    void letsPodsThatWaitEndBeforeItStops() throws Exception {
        ManagedChannel channel = NettyChannelBuilder.forAddress(controlPlane.xdsAddress())
                .usePlaintext()
                .build();
        try (DeltaClient client = client()) {
            client.subscribe(ResourceType.SERVICE, WEB);
            client.awaitEndpoints("127.0.0.1:8081");
            Iterator<DrainedResponse> responses = ClientCalls.blockingServerStreamingCall(
                    channel,
                    DrainMethods.DRAINED,
                    CallOptions.DEFAULT,
                    DrainedRequest.newBuilder()
                            .setNamespace("default")
                            .setPod("web-1")
                            .setCapMillis(60_000)
                            .build());
            assertThat(responses.next().getOver()).isFalse();
            CompletableFuture<Void> closing = CompletableFuture.runAsync(controlPlane::close);

            manifests.leavingEndpoint("web", "http", "web-1", 8081);
            assertThat(responses.next().getText()).startsWith("pod default/web-1: all clients know after ");
            closing.get(20, TimeUnit.SECONDS);
        } finally {
            channel.shutdownNow();
        }
    }

    @Test
    void answersAnUnknownNameAtOnceAndTellsWhenItAppears() {
        try (DeltaClient client = client()) {
            client.subscribe(ResourceType.SERVICE, "new.default.svc.cluster.local:81", "10.1.2.3:80");

            DeltaDiscoveryResponse unknown = client.next(ResourceType.SERVICE);
            assertThat(unknown.getRemovedResourcesList())
                    .containsExactly("new.default.svc.cluster.local:81", "10.1.2.3:80");

            manifests.service("new", "http", 81);
            assertThat(DeltaClient.cluster(client.next(ResourceType.SERVICE))
                            .name()
                            .service())
                    .isEqualTo("new");
        }
    }

    @Test
    void answersTwoNamesOfOneServiceWithOneResource() {
        try (DeltaClient client = client()) {
            client.subscribe(ResourceType.SERVICE, WEB, "127.0.0.1:80");

            DeltaDiscoveryResponse response = client.next(ResourceType.SERVICE);
            assertThat(response.getResourcesList()).hasSize(1);
            assertThat(response.getResources(0).getName()).isEqualTo(WEB);
            assertThat(response.getResources(0).getAliasesList()).containsExactly("127.0.0.1:80");
        }
    }

    @Test
    void tellsNothingToOneThatComesBackWithWhatItHas() throws Exception {
        Map<String, String> had;
        try (DeltaClient client = client()) {
            client.subscribe(ResourceType.SERVICE, WEB);
            client.awaitEndpoints("127.0.0.1:8081");
            had = client.versions();
        }
        // Another process with the same manifests gives the same versions.
        controlPlane.close();
        controlPlane = startControlPlane();

        try (DeltaClient client = client()) {
            client.resume(ResourceType.SERVICE, had, WEB, "unknown.default.svc.cluster.local:80");
            DeltaDiscoveryResponse response = client.next(ResourceType.SERVICE);
            assertThat(response.getResourcesList()).isEmpty();
            assertThat(response.getRemovedResourcesList()).containsExactly("unknown.default.svc.cluster.local:80");

            manifests.endpoint("web", "http", "web-2", 8082);
            client.awaitEndpoints("127.0.0.1:8081", "127.0.0.1:8082");
        }
    }

    @Test
    void aClientThatRefusesIsShownAndIsNotToldTheSameAgain() throws Exception {
        try (DeltaClient client = client()) {
            client.subscribe(ResourceType.SERVICE, WEB);
            client.next(); // Self
            DeltaDiscoveryResponse refused = client.next();
            client.refuse(refused, "cannot read it");
            Await.until(
                    "refusal in /status",
                    DeltaClient.SOON,
                    () -> get("/status").body().contains("cannot read it"));
            client.read(1);
            client.subscribe(ResourceType.SERVICE, "a.default.svc.cluster.local:80");
            assertThat(client.next(ResourceType.SERVICE).getRemovedResourcesList())
                    .containsExactly("a.default.svc.cluster.local:80");
            assertThat(get("/metrics").body()).contains("sidestep_xds_nacks_total{type=\"Service\"} 1.0");

            manifests.endpoint("web", "http", "web-2", 8082);
            client.awaitEndpoints("127.0.0.1:8081", "127.0.0.1:8082");
            Await.until(
                    "no refusal in /status",
                    DeltaClient.SOON,
                    () -> !get("/status").body().contains("cannot read it"));
        }
    }

    @Test
    void aSlowReaderGetsTheLatestStateAndNothingOfTheHistory() throws Exception {
        try (DeltaClient slow = client();
                DeltaClient prompt = client()) {
            slow.subscribe(ResourceType.SERVICE, WEB);
            prompt.subscribe(ResourceType.SERVICE, WEB);
            prompt.awaitEndpoints("127.0.0.1:8081");
            manifests.write("many.yaml", slice(0));
            for (int change = 1; change <= 12; change++) {
                manifests.write("many.yaml", slice(change));
                int expected = change;
                Await.until(
                        "change " + change,
                        DeltaClient.SOON,
                        () -> DeltaClient.cluster(prompt.next(ResourceType.SERVICE)).endpoints().stream()
                                .anyMatch(endpoint -> endpoint.pod().equals("pod-" + expected + "-0")));
            }
            int read = 0;
            DeltaDiscoveryResponse last;
            do {
                last = slow.next(ResourceType.SERVICE);
                read++;
            } while (DeltaClient.cluster(last).endpoints().stream()
                    .noneMatch(e -> e.pod().equals("pod-12-0")));
            assertThat(read).as("responses to the one that did not read").isLessThan(8);
        }
    }

    /** 2,000 endpoints, 60 KB and more on the wire. */
    private static String slice(int change) {
        var text = new StringBuilder("""
                {apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: IPv4,
                 metadata: {name: many, labels: {kubernetes.io/service-name: web}},
                 ports: [{name: http, port: 80}], endpoints: [
                """);
        for (int i = 0; i < 2000; i++) {
            text.append("  {addresses: [10.0.%d.%d], targetRef: {kind: Pod, name: pod-%d-%d}},\n"
                    .formatted(i / 250, i % 250, change, i));
        }
        return text.append("]}\n").toString();
    }

    @Test
    void theModeOfANamespaceReachesItsClients() {
        try (DeltaClient client = client()) {
            client.subscribe(ResourceType.SELF, ResourceType.SELF_NAME);
            assertThat(DeltaClient.self(client.next(ResourceType.SELF)).mode()).isEqualTo(Mode.BALANCE);

            manifests.write(
                    "namespace.yaml",
                    "{apiVersion: v1, kind: Namespace, metadata: {name: default, annotations: {sidestep.dev/mode: 'off'}}}");
            assertThat(DeltaClient.self(client.next(ResourceType.SELF)).mode()).isEqualTo(Mode.OFF);
        }
    }

    @Test
    void aBrokenManifestIsShownAndHurtsNobodyElse() throws Exception {
        try (DeltaClient client = client()) {
            client.subscribe(ResourceType.SERVICE, WEB);
            client.awaitEndpoints("127.0.0.1:8081");

            manifests.write(
                    "broken.yaml", "kind: Service\napiVersion: v1\nmetadata: {name: x}\nspec: {ports: [{port: 0}]}");
            Await.until(
                    "problem in /status",
                    DeltaClient.SOON,
                    () -> get("/status")
                            .body()
                            .contains("broken.yaml, document 1 (line 1): Service default/x: spec.ports[0].port: 0"
                                    + " (expected: 1 to 65535)"));
            manifests.endpoint("web", "http", "web-2", 8082);
            client.awaitEndpoints("127.0.0.1:8081", "127.0.0.1:8082");
        }
    }

    @Test
    void closingSendsClientsAway() throws Exception {
        try (DeltaClient client = client()) {
            client.subscribe(ResourceType.SERVICE, WEB);
            client.awaitEndpoints("127.0.0.1:8081");
            long start = System.nanoTime();

            controlPlane.close();

            Status status = client.closed.get(5, TimeUnit.SECONDS);
            assertThat(status.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
            assertThat(status.getDescription()).contains("shutting down");
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
        }
    }

    @Test
    void aClientThatAsksForTooMuchLosesItsStreamAndNobodyElseDoes() throws Exception {
        try (DeltaClient greedy = client();
                DeltaClient other = client()) {
            other.subscribe(ResourceType.SERVICE, WEB);
            other.awaitEndpoints("127.0.0.1:8081");
            greedy.subscribe(ResourceType.SERVICE, "x".repeat(600));

            assertThat(greedy.closed.get(10, TimeUnit.SECONDS).getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
            manifests.endpoint("web", "http", "web-2", 8082);
            other.awaitEndpoints("127.0.0.1:8081", "127.0.0.1:8082");
        }
    }

    @Test
    void adminSaysHowThingsStand() throws Exception {
        try (DeltaClient client = client()) {
            client.subscribe(ResourceType.SERVICE, WEB);
            client.awaitEndpoints("127.0.0.1:8081");

            assertThat(get("/healthz").statusCode()).isEqualTo(200);
            assertThat(get("/readyz").statusCode()).isEqualTo(200);
            Await.until(
                    "acknowledgement",
                    DeltaClient.SOON,
                    () -> get("/status")
                            .body()
                            .contains("\"" + WEB + "\" : \"" + client.versions().get(WEB)));
            assertThat(get("/metrics").body())
                    .contains(
                            "sidestep_services 1.0",
                            "sidestep_xds_streams{protocol=\"delta\"} 1.0",
                            "sidestep_build_info");
            assertThat(get("/config_dump").body()).contains("\"address\" : \"127.0.0.1\"");
            assertThat(get("/why?host=web&namespace=default").body())
                    .contains("1 of 1 endpoints may be called", "127.0.0.1:8081");
            assertThat(get("/why?host=web&port=81").body()).contains("no such Service port is known");
            assertThat(get("/why?host=127.0.0.1:80").body()).contains("1 of 1 endpoints may be called");
            assertThat(get("/why?host=nobody").body()).contains("no such Service port is known");
            assertThat(get("/why").statusCode()).isEqualTo(400);
            assertThat(get("/other").statusCode()).isEqualTo(404);
        }
    }

    @Test
    void plaintextForTheNetworkIsSaidInStatus() throws Exception {
        assertThat(get("/status").body())
                .contains("\"plaintext\" : \"127.0.0.1:")
                .contains(", to this machine\"");

        controlPlane.close();
        ControlPlaneConfig usual = ControlPlaneConfig.directory(folder);
        controlPlane = ControlPlane.start(new ControlPlaneConfig(
                        usual.source(),
                        usual.xds(),
                        usual.xdsTls(),
                        usual.admin(),
                        true,
                        usual.injector(),
                        usual.replica(),
                        usual.settings())
                .listeningOn(new InetSocketAddress("0.0.0.0", 0), ANY_PORT));
        assertThat(get("/status").body()).contains("WHOEVER REACHES IT: no TLS, no tokens (--allow-plaintext)");
    }

    @Test
    void withoutAnApiServerThereIsNoTlsBecauseNobodyCouldSayWhoseATokenIs() {
        ControlPlaneConfig usual = ControlPlaneConfig.directory(folder);
        assertThatThrownBy(() -> new ControlPlaneConfig(
                        usual.source(),
                        usual.xds(),
                        Optional.of(ANY_PORT),
                        usual.admin(),
                        false,
                        usual.injector(),
                        usual.replica(),
                        usual.settings()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("--xds-tls ")
                .hasMessageContaining("the API server says whose a token is");
    }

    @Test
    void refusesToServePlaintextToTheNetworkUnasked() {
        var everywhere = new InetSocketAddress("0.0.0.0", 0);
        assertThatThrownBy(() -> ControlPlaneConfig.directory(folder).listeningOn(everywhere, ANY_PORT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("--allow-plaintext");
    }

    @Test
    void saysWhatIsWrongWhenItCannotStart() {
        assertThatThrownBy(() -> ControlPlane.start(
                        ControlPlaneConfig.directory(folder.resolve("missing")).listeningOn(ANY_PORT, ANY_PORT)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no such folder");
        assertThatThrownBy(() -> ControlPlane.start(
                        ControlPlaneConfig.directory(folder).listeningOn(controlPlane.xdsAddress(), ANY_PORT)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("cannot listen there");
    }
}
