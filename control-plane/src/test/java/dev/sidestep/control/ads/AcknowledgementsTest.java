package dev.sidestep.control.ads;

import static dev.sidestep.control.ads.TestMesh.name;
import static dev.sidestep.control.ads.TestMesh.service;
import static dev.sidestep.control.ads.TestMesh.slice;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.control.ads.TestMesh.DeltaStream;
import dev.sidestep.control.ads.TestMesh.GrpcStream;
import dev.sidestep.control.ads.TestMesh.Pod;
import dev.sidestep.model.Cluster;
import dev.sidestep.xds.ResourceType;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Web has the pods web-1 and web-2, and web-1 leaves. */
final class AcknowledgementsTest {
    private static final String VIP = "10.96.0.10";
    private static final String WEB = name("web");

    private final TestMesh mesh = new TestMesh();
    private int turns;

    @BeforeEach
    void start() {
        mesh.sync();
        mesh.put(service("web", VIP), slice("web", Map.of("web-1", Pod.READY, "web-2", Pod.READY)));
        mesh.put(service("other", "10.96.0.11"), slice("other", Map.of("other-3", Pod.READY)));
        mesh.settle();
    }

    /** Web-1 leaves; what is to be acknowledged then. */
    private Acknowledgements.Watch leave() {
        mesh.put(slice("web", Map.of("web-1", Pod.TERMINATING, "web-2", Pod.READY)));
        return watch();
    }

    private Acknowledgements.Watch watch() {
        return onOwner(() -> {
            Cluster web = mesh.index().lookup(WEB).map(found -> found.cluster()).orElseThrow();
            return mesh.ads()
                    .acknowledgements()
                    .watch(List.of(Place.of(web, mesh.ads().generation())), () -> turns++);
        });
    }

    private <T> T onOwner(Supplier<T> question) {
        var answer = new CompletableFuture<T>();
        mesh.owner().run(() -> answer.complete(question.get()));
        return answer.join();
    }

    private boolean isComplete(Acknowledgements.Watch watch) {
        return onOwner(watch::isComplete);
    }

    private List<String> missing(Acknowledgements.Watch watch) {
        return onOwner(() -> watch.clients(10));
    }

    private DeltaStream connected(String id, String... names) {
        DeltaStream client = mesh.connect(id);
        client.subscribe(names);
        client.accept();
        return client;
    }

    @Test
    void nobodyHasToAcknowledgeWhatNobodyAsksFor() {
        connected("elsewhere", name("other"));

        assertThat(isComplete(leave())).isTrue();
    }

    @Test
    void isCompleteWhenTheLastClientHasSaidYes() {
        DeltaStream first = connected("first", WEB);
        DeltaStream second = connected("second", WEB);

        Acknowledgements.Watch watch = leave();
        assertThat(missing(watch)).containsExactly("first", "second");

        assertThat(first.accept()).isEqualTo(1);
        assertThat(missing(watch)).containsExactly("second");
        assertThat(turns).isZero();

        second.accept();
        mesh.owner().advance(Duration.ZERO);
        assertThat(isComplete(watch)).isTrue();
        assertThat(turns).isEqualTo(1);
    }

    @Test
    void countsAClientThatAskedForTheAddressOnly() {
        DeltaStream client = connected("client", VIP + ":80");

        Acknowledgements.Watch watch = leave();
        assertThat(missing(watch)).containsExactly("client");

        client.accept();
        assertThat(isComplete(watch)).isTrue();
    }

    @Test
    void aClientThatRefusesHasNotAcknowledgedUntilItTakesALaterOne() {
        DeltaStream client = connected("client", WEB);
        Acknowledgements.Watch watch = leave();

        List<DeltaDiscoveryResponse> responses = client.take();
        client.refuse(responses.get(0));
        assertThat(missing(watch)).containsExactly("client");

        mesh.settle();
        mesh.put(slice("web", Map.of("web-1", Pod.TERMINATING, "web-2", Pod.READY, "web-3", Pod.READY)));
        assertThat(missing(watch)).containsExactly("client");
        client.accept();
        assertThat(isComplete(watch)).isTrue();
    }

    @Test
    void aSlowClientHasNotAcknowledgedUntilItReadsAndSaysYes() {
        DeltaStream client = connected("slow", WEB);
        client.setReading(false);
        Acknowledgements.Watch watch = leave();
        assertThat(client.accept()).isZero();
        assertThat(missing(watch)).containsExactly("slow");

        client.setReading(true);
        assertThat(missing(watch)).containsExactly("slow");
        client.accept();
        assertThat(isComplete(watch)).isTrue();
    }

    @Test
    void aSlowClientThatMissedVersionsAcknowledgesByTheLatest() {
        DeltaStream client = connected("slow", WEB);
        client.setReading(false);
        Acknowledgements.Watch watch = leave();
        mesh.settle();
        mesh.put(slice("web", Map.of("web-2", Pod.READY, "web-3", Pod.READY)));

        client.setReading(true);
        assertThat(client.accept()).isEqualTo(1);
        assertThat(isComplete(watch)).isTrue();
    }

    @Test
    void whatChangesAfterwardsNeedNotBeAcknowledged() {
        DeltaStream client = connected("client", WEB);
        Acknowledgements.Watch watch = leave();
        client.accept();
        mesh.settle();

        mesh.put(slice("web", Map.of("web-1", Pod.TERMINATING, "web-2", Pod.READY, "web-3", Pod.READY)));

        assertThat(isComplete(watch)).isTrue();
    }

    @Test
    void anAnswerToAnEarlierResponseIsNone() {
        DeltaStream client = connected("client", WEB);
        mesh.put(slice("web", Map.of("web-1", Pod.READY, "web-2", Pod.READY, "web-3", Pod.READY)));
        List<DeltaDiscoveryResponse> before = client.take();
        mesh.settle();
        Acknowledgements.Watch watch = leave();

        before.forEach(client::accept);
        assertThat(missing(watch)).containsExactly("client");
        client.accept();
        assertThat(isComplete(watch)).isTrue();
    }

    @Test
    void aClientThatAsksForItMeanwhileHasToAcknowledgeToo() {
        Acknowledgements.Watch watch = leave();
        DeltaStream late = mesh.connect("late");
        assertThat(isComplete(watch)).isTrue();

        late.subscribe(WEB);
        mesh.owner().advance(Duration.ZERO);
        assertThat(missing(watch)).containsExactly("late");
        assertThat(turns).isEqualTo(1);

        late.accept();
        mesh.owner().advance(Duration.ZERO);
        assertThat(isComplete(watch)).isTrue();
        assertThat(turns).isEqualTo(2);
    }

    @Test
    void aClientThatComesFromElsewhereIsBelievedWhatItHas() {
        Map<String, String> before = versions();
        Acknowledgements.Watch watch = leave();
        Map<String, String> after = versions();

        DeltaStream upToDate = mesh.connect("up to date");
        upToDate.resume(after, WEB);
        assertThat(isComplete(watch)).isTrue();

        DeltaStream behind = mesh.connect("behind");
        behind.resume(before, WEB);
        assertThat(missing(watch)).containsExactly("behind");
        behind.accept();
        assertThat(isComplete(watch)).isTrue();
    }

    /** What a client has that is up to date now. */
    private Map<String, String> versions() {
        DeltaStream client = mesh.connect("reader");
        client.subscribe(WEB);
        var versions = new TreeMap<String, String>();
        client.take()
                .forEach(response -> response.getResourcesList()
                        .forEach(resource -> versions.put(resource.getName(), resource.getVersion())));
        client.close();
        versions.keySet().retainAll(List.of(WEB));
        return versions;
    }

    @Test
    void aClientThatDoesNotAskAnyMoreNeedNotAcknowledge() {
        DeltaStream client = connected("client", WEB);
        Acknowledgements.Watch watch = leave();

        client.unsubscribe(WEB);

        assertThat(isComplete(watch)).isTrue();
    }

    @Test
    void aClientThatIsGoneNeedNotAcknowledge() {
        DeltaStream client = connected("client", WEB);
        Acknowledgements.Watch watch = leave();

        client.close();
        mesh.owner().advance(Duration.ZERO);

        assertThat(isComplete(watch)).isTrue();
        assertThat(turns).isEqualTo(1);
    }

    @Test
    void aServiceThatIsDeletedMeanwhileHasToBeAcknowledgedAsGone() {
        DeltaStream client = connected("client", WEB);
        Acknowledgements.Watch watch = leave();
        mesh.remove(service("web").key());
        mesh.settle();

        List<DeltaDiscoveryResponse> responses = client.take();
        client.accept(responses.get(0)); // With web-1 leaving.
        assertThat(isComplete(watch)).isTrue();
        assertThat(responses.get(responses.size() - 1).getRemovedResourcesList())
                .containsExactly(WEB);
    }

    @Test
    void aRemovalIsAnAcknowledgementToo() {
        DeltaStream client = connected("client", WEB);
        client.setReading(false);
        Acknowledgements.Watch watch = leave();
        mesh.remove(service("web").key());
        mesh.settle();

        client.setReading(true);
        assertThat(missing(watch)).containsExactly("client");
        assertThat(client.accept()).isEqualTo(1);
        assertThat(isComplete(watch)).isTrue();
    }

    @Test
    void watchesNobodyAfterItsEnd() {
        connected("client", WEB);
        Acknowledgements.Watch watch = leave();
        mesh.owner().run(watch::close);

        connected("another", WEB);
        mesh.owner().advance(Duration.ZERO);
        assertThat(turns).isZero();
    }

    @Test
    void envoyAcknowledgesTheEndpointsAndNotTheCluster() {
        DeltaStream envoy = mesh.connectEnvoy("envoy");
        envoy.subscribeTo(ResourceType.CLUSTER, "*");
        envoy.subscribeTo(ResourceType.ENDPOINT, WEB);
        envoy.take().stream()
                .filter(response -> response.getTypeUrl().equals(ResourceType.ENDPOINT))
                .forEach(envoy::accept);

        Acknowledgements.Watch watch = leave();
        assertThat(missing(watch)).containsExactly("envoy");
        assertThat(envoy.accept()).isEqualTo(1);
        assertThat(isComplete(watch)).isTrue();
    }

    @Test
    void whoseRenderingStaysTheSameNeedNotAcknowledgeItAgain() {
        mesh.put(slice("web", Map.of("web-1", Pod.NOT_READY, "web-2", Pod.READY)));
        mesh.settle();
        DeltaStream envoy = mesh.connectEnvoy("envoy");
        envoy.subscribeTo(ResourceType.ENDPOINT, WEB);
        envoy.accept();

        Acknowledgements.Watch watch = leave();

        assertThat(envoy.accept()).isZero();
        assertThat(isComplete(watch)).isTrue();

        // Nor what changes later.
        mesh.settle();
        mesh.put(slice("web", Map.of("web-1", Pod.TERMINATING, "web-2", Pod.READY, "web-3", Pod.READY)));
        assertThat(isComplete(watch)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"grpc-go", "gRPC Java"})
    void aGrpcClientAcknowledgesTheEndpoints(String agent) {
        GrpcStream client = mesh.connectGrpc("client", agent);
        client.subscribeTo(ResourceType.ENDPOINT, WEB);
        client.accept(ResourceType.ENDPOINT);

        Acknowledgements.Watch watch = leave();
        assertThat(missing(watch)).containsExactly("client");
        assertThat(client.accept(ResourceType.ENDPOINT)).isEqualTo(1);
        assertThat(isComplete(watch)).isTrue();
    }

    @Test
    void grpcJavaStopsCallingTheLastEndpointWhenItHasLostTheCluster() {
        mesh.put(slice("web", Map.of("web-1", Pod.READY)));
        mesh.settle();
        GrpcStream client = mesh.connectGrpc("client", "gRPC Java");
        client.subscribeTo(ResourceType.CLUSTER, WEB);
        client.accept(ResourceType.CLUSTER);
        client.subscribeTo(ResourceType.ENDPOINT, WEB);
        client.accept(ResourceType.ENDPOINT);

        mesh.put(slice("web", Map.of("web-1", Pod.NOT_READY)));
        Acknowledgements.Watch watch = watch();
        assertThat(missing(watch)).containsExactly("client");

        assertThat(client.accept(ResourceType.ENDPOINT)).isEqualTo(1);
        assertThat(missing(watch)).containsExactly("client");
        assertThat(client.accept(ResourceType.CLUSTER)).isEqualTo(1);
        assertThat(isComplete(watch)).isTrue();
    }
}
