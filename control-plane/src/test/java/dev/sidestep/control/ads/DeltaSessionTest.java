package dev.sidestep.control.ads;

import static dev.sidestep.control.ads.Bench.name;
import static dev.sidestep.control.ads.Bench.service;
import static dev.sidestep.control.ads.Bench.slice;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ExtensionRegistryLite;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.sidestep.control.index.Item.NamespaceItem;
import dev.sidestep.control.index.Item.NodeItem;
import dev.sidestep.control.index.Item.OwnerReference;
import dev.sidestep.control.index.Item.PodItem;
import dev.sidestep.control.index.ObjectKey;
import dev.sidestep.control.index.ServiceItem;
import dev.sidestep.model.Mode;
import dev.sidestep.model.Self;
import dev.sidestep.xds.AdsMethods;
import dev.sidestep.xds.Frame;
import dev.sidestep.xds.InvalidResourceException;
import dev.sidestep.xds.ResourceType;
import dev.sidestep.xds.SelfDecoder;
import dev.sidestep.xds.ServiceDecoder;
import dev.sidestep.xds.proto.core.Node;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryRequest;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryResponse;
import dev.sidestep.xds.proto.discovery.Resource;
import dev.sidestep.xds.proto.rpc.Status;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class DeltaSessionTest {
    private final Bench bench = new Bench();
    private final Bench.FakeOutlet outlet = new Bench.FakeOutlet();
    private final DeltaSession session = new DeltaSession(bench.ads.context(), outlet, Peer.at("peer"));

    @BeforeEach
    void open() {
        bench.owner.run(() -> bench.ads.opened(session));
        bench.sync();
    }

    private void send(DeltaDiscoveryRequest.Builder request) {
        bench.owner.run(() -> session.onRequest(request.build()));
    }

    private static DeltaDiscoveryRequest.Builder request(String type, String... subscribed) {
        return DeltaDiscoveryRequest.newBuilder().setTypeUrl(type).addAllResourceNamesSubscribe(List.of(subscribed));
    }

    private List<DeltaDiscoveryResponse> take() {
        var responses = new ArrayList<DeltaDiscoveryResponse>();
        for (Frame frame : outlet.take()) {
            try {
                responses.add(DeltaDiscoveryResponse.parseFrom(
                        AdsMethods.SERVE_DELTA.getResponseMarshaller().stream(frame),
                        ExtensionRegistryLite.getEmptyRegistry()));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return responses;
    }

    private List<DeltaDiscoveryResponse> take(String type) {
        return take().stream()
                .filter(response -> response.getTypeUrl().equals(type))
                .toList();
    }

    /** All that came, as {@code Type:+name} and {@code Type:-name}, in order. */
    private List<String> told() {
        var told = new ArrayList<String>();
        for (DeltaDiscoveryResponse response : take()) {
            String type = response.getTypeUrl().replaceAll(".*\\.", "");
            response.getResourcesList().forEach(resource -> told.add(type + ":+" + resource.getName()));
            response.getRemovedResourcesList().forEach(name -> told.add(type + ":-" + name));
        }
        return told;
    }

    private ClientStatus status() {
        var status = new ArrayList<ClientStatus>();
        bench.owner.run(() -> status.add(session.status()));
        return status.get(0);
    }

    private static int endpoints(Resource resource) {
        try {
            return ServiceDecoder.decode(
                            resource.getName(), resource.getResource().getValue())
                    .endpoints()
                    .size();
        } catch (InvalidResourceException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void answersNothingBeforeAllIsKnown() {
        var early = new Bench();
        var closed = new Bench.FakeOutlet();
        var waiting = new DeltaSession(early.ads.context(), closed, Peer.at("peer"));
        early.owner.run(() -> {
            early.ads.opened(waiting);
            waiting.onRequest(request(ResourceType.SERVICE, name("web")).build());
        });
        assertThat(closed.take()).isEmpty();

        early.put(service("web"));
        early.sync();
        assertThat(closed.take()).hasSize(2);
    }

    @Test
    void tellsOfEachNameOnceUntilItChanges() {
        bench.put(service("web", "10.96.0.10"), slice("web", "10.0.0.1"));
        send(request(ResourceType.SERVICE, name("web")));
        assertThat(told()).containsExactly("Self:+self", "Service:+" + name("web"));

        bench.settle();
        bench.put(service("web", "10.96.0.10"), slice("web", "10.0.0.1"), service("other"));
        assertThat(told()).isEmpty();

        bench.put(slice("web", "10.0.0.2"));
        assertThat(told()).containsExactly("Service:+" + name("web"));
    }

    @Test
    void aSlowReaderCostsOneEntryPerNameAndGetsTheLatest() {
        bench.put(service("web"));
        send(request(ResourceType.SERVICE, name("web")));
        outlet.take();
        outlet.ready = false;

        for (int i = 1; i <= 500; i++) {
            bench.settle();
            bench.put(slice(
                    "web",
                    IntStream.range(0, i % 7 + 1).mapToObj(n -> "10.0.0." + n).toArray(String[]::new)));
        }
        assertThat(outlet.take()).isEmpty();
        assertThat(bench.ads.context().subscribers().nameCount()).isEqualTo(2);

        outlet.ready = true;
        bench.owner.run(session::flush);
        List<DeltaDiscoveryResponse> responses = take(ResourceType.SERVICE);
        assertThat(responses).hasSize(1);
        assertThat(endpoints(responses.get(0).getResources(0))).isEqualTo(500 % 7 + 1);
    }

    @Test
    void aStormIsMergedIntoWhatIsSentAtOnceAndOneMore() {
        bench.put(service("web"));
        send(request(ResourceType.SERVICE, name("web")));
        bench.settle();
        outlet.take();

        for (int i = 0; i < 200; i++) {
            bench.put(slice("web", "10.0.0." + i));
        }
        bench.settle();

        assertThat(told()).containsExactly("Service:+" + name("web"), "Service:+" + name("web"));
    }

    @Test
    void whatWasRefusedIsNotSentAgainUntilItChanges() {
        bench.put(service("web"));
        send(request(ResourceType.SERVICE, name("web")));
        DeltaDiscoveryResponse refused = take(ResourceType.SERVICE).get(0);

        send(request(ResourceType.SERVICE)
                .setResponseNonce(refused.getNonce())
                .setErrorDetail(Status.newBuilder().setMessage("no")));
        bench.owner.run(session::flush);
        assertThat(outlet.take()).isEmpty();
        assertThat(status().types().get(1).refused().orElseThrow().reason()).isEqualTo("no");

        bench.settle();
        bench.put(slice("web", "10.0.0.1"));
        DeltaDiscoveryResponse next = take(ResourceType.SERVICE).get(0);
        send(request(ResourceType.SERVICE).setResponseNonce(next.getNonce()));
        assertThat(status().types().get(1).refused()).isEmpty();
        assertThat(status().types().get(1).acknowledged())
                .isEqualTo(Map.of(name("web"), next.getResources(0).getVersion()));
    }

    @Test
    void aNonceOfAnotherStreamSaysNothing() {
        send(request(ResourceType.SERVICE, name("web")).setResponseNonce("4711"));

        assertThat(told()).containsExactly("Self:+self", "Service:-" + name("web"));
        assertThat(status().types().get(1).unacknowledged()).isEqualTo(1);
    }

    @Test
    void whoLetsGoOfANameIsNotToldAndWhoAsksAgainIs() {
        bench.put(service("web"));
        send(request(ResourceType.SERVICE, name("web")));
        outlet.take();

        send(DeltaDiscoveryRequest.newBuilder()
                .setTypeUrl(ResourceType.SERVICE)
                .addResourceNamesUnsubscribe(name("web")));
        bench.settle();
        bench.put(slice("web", "10.0.0.1"));
        assertThat(told()).isEmpty();

        send(request(ResourceType.SERVICE, name("web")));
        assertThat(told()).containsExactly("Service:+" + name("web"));
    }

    @Test
    void oneResourceAnswersAllNamesItIsAskedBy() {
        bench.put(service("web", "10.96.0.10"));
        send(request(ResourceType.SERVICE, "10.96.0.10:80"));
        List<DeltaDiscoveryResponse> first = take(ResourceType.SERVICE);
        assertThat(first.get(0).getResources(0).getName()).isEqualTo(name("web"));
        assertThat(first.get(0).getResources(0).getAliasesList()).containsExactly("10.96.0.10:80");

        send(request(ResourceType.SERVICE, name("web")));
        outlet.take();
        bench.settle();
        bench.put(slice("web", "10.0.0.1"));
        assertThat(told()).containsExactly("Service:+" + name("web"));
    }

    @Test
    void anAddressThatMovesIsToldWithItsNewService() {
        bench.put(service("web", "10.96.0.10"), service("other"));
        send(request(ResourceType.SERVICE, "10.96.0.10:80"));
        bench.settle();
        outlet.take();

        bench.put(service("web"), service("other", "10.96.0.10"));
        List<DeltaDiscoveryResponse> moved = take(ResourceType.SERVICE);
        assertThat(moved).hasSize(1);
        assertThat(moved.get(0).getResources(0).getName()).isEqualTo(name("other"));
        assertThat(moved.get(0).getResources(0).getAliasesList()).containsExactly("10.96.0.10:80");

        bench.settle();
        bench.put(service("other"));
        assertThat(told()).containsExactly("Service:-10.96.0.10:80");
    }

    @Test
    void aLargeStateIsToldInPieces() {
        int services = 250;
        var names = new String[services];
        for (int i = 0; i < services; i++) {
            names[i] = name("s" + i);
            int block = i;
            bench.put(
                    service("s" + i),
                    slice(
                            "s" + i,
                            IntStream.range(0, 700)
                                    .mapToObj(n -> "10." + block + "." + n / 250 + "." + n % 250)
                                    .toArray(String[]::new)));
        }
        send(request(ResourceType.SERVICE, names));

        List<DeltaDiscoveryResponse> responses = take(ResourceType.SERVICE);
        assertThat(responses.stream()
                        .mapToInt(DeltaDiscoveryResponse::getResourcesCount)
                        .sum())
                .isEqualTo(services);
        assertThat(responses).hasSizeGreaterThan(1).allMatch(response -> response.getSerializedSize() < 3 << 20);
    }

    @Test
    void envoyIsToldOfAllClustersAndAgainOfAssignmentsAfterTheirCluster() {
        bench.put(service("web"), service("other"), slice("web", "10.0.0.1"));
        send(request(ResourceType.CLUSTER).setNode(Node.newBuilder().setUserAgentName("envoy")));
        assertThat(told()).containsExactly("Cluster:+" + name("other"), "Cluster:+" + name("web"));
        send(request(ResourceType.ENDPOINT, name("other"), name("web")));
        assertThat(told())
                .containsExactly("ClusterLoadAssignment:+" + name("other"), "ClusterLoadAssignment:+" + name("web"));

        bench.settle();
        bench.put(slice("web", "10.0.0.2"));
        assertThat(told()).containsExactly("ClusterLoadAssignment:+" + name("web"));

        bench.settle();
        bench.put(new NamespaceItem(
                ObjectKey.namespace("default"), Map.of(), Map.of("sidestep.dev/balancer", "least-request")));
        assertThat(told())
                .containsExactlyInAnyOrder(
                        "Cluster:+" + name("other"),
                        "Cluster:+" + name("web"),
                        "ClusterLoadAssignment:+" + name("other"),
                        "ClusterLoadAssignment:+" + name("web"));

        bench.settle();
        bench.remove(service("other").key());
        assertThat(told()).containsExactly("Cluster:-" + name("other"), "ClusterLoadAssignment:-" + name("other"));

        bench.put(service("new"));
        assertThat(told()).containsExactly("Cluster:+" + name("new"));
    }

    @Test
    void envoyThatComesBackIsToldWhatIsGoneAndWhatIsNew() {
        bench.put(service("web"), service("other"));
        send(request(ResourceType.CLUSTER).setNode(Node.newBuilder().setUserAgentName("envoy")));
        String version = take().get(0).getResourcesList().stream()
                .filter(resource -> resource.getName().equals(name("web")))
                .findFirst()
                .orElseThrow()
                .getVersion();

        var again = new DeltaSession(bench.ads.context(), outlet, Peer.at("peer"));
        bench.owner.run(() -> again.onRequest(request(ResourceType.CLUSTER)
                .putInitialResourceVersions(name("web"), version)
                .putInitialResourceVersions(name("gone"), "x")
                .build()));
        assertThat(told()).containsExactlyInAnyOrder("Cluster:+" + name("other"), "Cluster:-" + name("gone"));
    }

    @Test
    void aDataPlaneThatComesBackHearsWhenItHasBeenToldAllThatIsNew() {
        bench.put(service("web"), service("other"));
        send(request(ResourceType.SERVICE, name("web")).putInitialResourceVersions(name("web"), "older"));
        List<DeltaDiscoveryResponse> news = take(ResourceType.SERVICE);
        assertThat(news).hasSize(2);
        assertThat(news.get(0).getResourcesList())
                .extracting(resource -> resource.getName())
                .containsExactly(name("web"));
        assertThat(news.get(1).getResourcesCount() + news.get(1).getRemovedResourcesCount())
                .as("the end names nothing")
                .isZero();

        String version = news.get(0).getResources(0).getVersion();
        var again = new DeltaSession(bench.ads.context(), outlet, Peer.at("peer"));
        bench.owner.run(() -> again.onRequest(request(ResourceType.SERVICE, name("web"))
                .putInitialResourceVersions(name("web"), version)
                .build()));
        assertThat(take(ResourceType.SERVICE))
                .singleElement()
                .satisfies(it -> assertThat(it.getResourcesCount()).isZero());
    }

    @Test
    void whoAsksForAllWhereThereIsNoneIsToldSo() {
        send(request(ResourceType.CLUSTER).setNode(Node.newBuilder().setUserAgentName("envoy")));
        send(request(ResourceType.LISTENER));

        assertThat(take()).hasSize(2).allMatch(response -> response.getResourcesCount() == 0);
    }

    @Test
    void changedSurroundingsAreToldAtOnceAndThenMerged() throws InvalidResourceException {
        send(request(ResourceType.SELF, ResourceType.SELF_NAME));
        bench.settle();
        outlet.take();

        bench.put(new NamespaceItem(ObjectKey.namespace("default"), Map.of(), Map.of("sidestep.dev/mode", "off")));
        List<DeltaDiscoveryResponse> selves = take(ResourceType.SELF);
        assertThat(selves).hasSize(1);
        assertThat(SelfDecoder.decode(
                                "self",
                                selves.get(0).getResources(0).getResource().getValue())
                        .mode())
                .isEqualTo(Mode.OFF);

        // What all clients are told is told at once as well, and then not for a moment.
        bench.put(service("first", "192.168.1.1"));
        assertThat(told()).containsExactly("Self:+self");
        for (int i = 0; i < 100; i++) {
            bench.put(service("s" + i, "192.168.0." + i));
        }
        assertThat(outlet.take()).isEmpty();
        bench.settle();
        assertThat(told()).containsExactly("Self:+self");
    }

    private Self self() throws InvalidResourceException {
        List<DeltaDiscoveryResponse> selves = take(ResourceType.SELF);
        return SelfDecoder.decode(
                "self",
                selves.get(selves.size() - 1).getResources(0).getResource().getValue());
    }

    private static Node node(String namespace, String pod, String node, String zone) {
        return Node.newBuilder()
                .setMetadata(Struct.newBuilder()
                        .putFields("namespace", text(namespace))
                        .putFields("pod", text(pod))
                        .putFields("node", text(node))
                        .putFields("zone", text(zone)))
                .build();
    }

    private static Value text(String text) {
        return Value.newBuilder().setStringValue(text).build();
    }

    private static PodItem pod(String name, String node, String mode) {
        return new PodItem(
                ObjectKey.pod("default", name),
                "uid",
                List.of("10.0.0.9"),
                false,
                node,
                "Running",
                false,
                Map.of(),
                mode.isEmpty() ? Map.of() : Map.of("sidestep.dev/mode", mode),
                Optional.of(new OwnerReference("ReplicaSet", "web")));
    }

    private static NamespaceItem namespace(String mode) {
        return new NamespaceItem(ObjectKey.namespace("default"), Map.of(), Map.of("sidestep.dev/mode", mode));
    }

    @Test
    void aClientIsWhereItsPodRunsAndOnlyWithoutOneWhereItSays() throws InvalidResourceException {
        bench.put(new NodeItem(ObjectKey.node("n1"), "zone-a", "region-1", List.of()));
        send(request(ResourceType.SELF, ResourceType.SELF_NAME).setNode(node("default", "web-1", "n9", "zone-x")));
        Self claimed = self();
        assertThat(List.of(claimed.node(), claimed.zone(), claimed.region())).containsExactly("n9", "zone-x", "");

        bench.put(pod("web-1", "n1", ""));
        Self known = self();
        assertThat(List.of(known.node(), known.zone(), known.region())).containsExactly("n1", "zone-a", "region-1");

        bench.put(new NodeItem(ObjectKey.node("n1"), "zone-b", "region-1", List.of()));
        assertThat(self().zone()).isEqualTo("zone-b");
    }

    @Test
    void theNarrowestModeOfACallerHolds() throws InvalidResourceException {
        send(request(ResourceType.SELF, ResourceType.SELF_NAME).setNode(node("default", "web-1", "", "")));
        assertThat(self().mode()).isEqualTo(Mode.BALANCE);

        bench.put(namespace("off"));
        assertThat(self().mode()).isEqualTo(Mode.OFF);
        bench.put(pod("web-1", "", "observe"));
        assertThat(self().mode()).isEqualTo(Mode.OBSERVE);
        bench.put(pod("web-1", "", "obseve"));
        assertThat(self().mode()).isEqualTo(Mode.OFF);
        bench.remove(ObjectKey.namespace("default"));
        assertThat(self().mode()).isEqualTo(Mode.BALANCE);
    }

    @Test
    void aWrongModeOfPodsIsReportedOnceForAllOfOneOwner() {
        bench.put(pod("web-1", "", "obseve"), pod("web-2", "", "obseve"));
        bench.owner.run(() -> assertThat(bench.problems.all())
                .containsExactly("pods of ReplicaSet default/web: annotation sidestep.dev/mode: \"obseve\""
                        + " (expected: balance, observe, off; nearest: observe); ignored"));

        bench.put(pod("web-1", "", "off"));
        bench.owner.run(() -> assertThat(bench.problems.all()).hasSize(1));
        bench.remove(ObjectKey.pod("default", "web-2"));
        bench.owner.run(() -> assertThat(bench.problems.all()).isEmpty());
    }

    @Test
    void onlyThoseConcernedAreToldOfAMode() {
        var others = new Bench.FakeOutlet();
        var other = new DeltaSession(bench.ads.context(), others, Peer.at("peer"));
        bench.owner.run(() -> {
            bench.ads.opened(other);
            other.onRequest(request(ResourceType.SELF, ResourceType.SELF_NAME)
                    .setNode(node("default", "web-2", "", ""))
                    .build());
        });
        send(request(ResourceType.SELF, ResourceType.SELF_NAME).setNode(node("default", "web-1", "", "")));
        outlet.take();
        others.take();

        bench.put(pod("web-1", "", "off"));
        assertThat(told()).containsExactly("Self:+self");
        assertThat(others.take()).isEmpty();

        bench.put(new NamespaceItem(ObjectKey.namespace("else"), Map.of(), Map.of("sidestep.dev/mode", "off")));
        assertThat(outlet.take()).isEmpty();
    }

    @Test
    void aNodePortByANodesAddressAppearsAndGoes() {
        ServiceItem plain = service("web", "10.96.0.10");
        ServiceItem web = new ServiceItem(
                plain.key(),
                true,
                false,
                plain.clusterIps(),
                List.of(),
                List.of(),
                List.of(new ServiceItem.Port("", 80, 8080, "", 30080)),
                false,
                Optional.empty(),
                Map.of());
        var there = new NodeItem(ObjectKey.node("n1"), "", "", List.of("192.168.0.1"));
        bench.put(web, slice("web", "10.0.0.1"));
        send(request(ResourceType.SERVICE, "192.168.0.1:30080"));
        assertThat(told()).contains("Service:-192.168.0.1:30080");

        bench.put(there);
        bench.settle();
        assertThat(told()).contains("Service:+" + name("web"), "Self:+self");
        bench.put(slice("web", "10.0.0.2"));
        assertThat(told()).containsExactly("Service:+" + name("web"));

        bench.remove(there.key());
        bench.settle();
        assertThat(told()).contains("Service:-192.168.0.1:30080");
    }

    @Test
    void addressesInsideTheRangesAreNotListed() throws InvalidResourceException {
        bench.put(service("web", "10.96.0.10"), service("other", "10.95.0.10"));
        send(request(ResourceType.SELF, ResourceType.SELF_NAME));

        Resource self = take().get(0).getResources(0);
        assertThat(SelfDecoder.decode("self", self.getResource().getValue()).serviceAddresses())
                .containsExactly("10.95.0.10");
    }

    @Test
    void measuresHowLongAChangeTookToBeAcknowledged() {
        bench.put(service("web"));
        send(request(ResourceType.SERVICE, name("web")));
        take().forEach(response -> send(request(response.getTypeUrl()).setResponseNonce(response.getNonce())));
        assertThat(bench.registry.get("sidestep.propagation").timer().count()).isZero();

        bench.settle();
        bench.put(slice("web", "10.0.0.1"));
        bench.owner.advance(Duration.ofMillis(30));
        take().forEach(response -> send(request(response.getTypeUrl()).setResponseNonce(response.getNonce())));

        assertThat(bench.registry
                        .get("sidestep.propagation")
                        .timer()
                        .totalTime(java.util.concurrent.TimeUnit.MILLISECONDS))
                .isEqualTo(30);
    }

    @Test
    void tooManyNamesEndTheStreamAndLeaveNothingBehind() {
        var names = IntStream.range(0, XdsLimits.DEFAULT.namesPerStream() + 1)
                .mapToObj(i -> "10.96." + i / 250 + "." + i % 250 + ":80")
                .toArray(String[]::new);
        send(request(ResourceType.SERVICE, names));

        assertThat(outlet.end).startsWith("refused: more than 20000 resource names");
        assertThat(bench.ads.context().subscribers().nameCount()).isZero();
    }

    @Test
    void aStreamThatFailsEndsAlone() {
        var broken = new Bench.FakeOutlet() {
            @Override
            public void send(Frame frame) {
                throw new IllegalStateException("broken");
            }
        };
        var failing = new DeltaSession(bench.ads.context(), broken, Peer.at("peer"));
        bench.put(service("web"));
        bench.owner.run(() -> {
            broken.ready = false;
            bench.ads.opened(failing);
            failing.onRequest(request(ResourceType.SERVICE, name("web")).build());
            broken.ready = true;
        });
        send(request(ResourceType.SERVICE, name("web")));
        bench.settle();
        outlet.take();

        bench.put(slice("web", "10.0.0.1"));

        assertThat(told()).containsExactly("Service:+" + name("web"));
        assertThat(broken.end).startsWith("go away: internal error");
    }

    @Test
    void aClosedStreamLeavesNothingBehind() {
        send(request(ResourceType.SERVICE, name("web"), "10.96.0.10:80"));
        send(request(ResourceType.CLUSTER));
        outlet.take();
        bench.owner.run(() -> bench.ads.closed(session));

        bench.put(service("web", "10.96.0.10"));
        assertThat(outlet.take()).isEmpty();
        assertThat(bench.ads.context().subscribers().nameCount()).isZero();
        assertThat(bench.ads.context().subscribers().ofAll()).isEmpty();
    }
}
