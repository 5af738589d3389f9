package dev.sidestep.control.ads;

import static dev.sidestep.control.ads.Bench.backend;
import static dev.sidestep.control.ads.Bench.name;
import static dev.sidestep.control.ads.Bench.service;
import static dev.sidestep.control.ads.Bench.slice;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.ExtensionRegistryLite;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.sidestep.xds.AdsMethods;
import dev.sidestep.xds.Frame;
import dev.sidestep.xds.ResourceType;
import dev.sidestep.xds.proto.cluster.Cluster;
import dev.sidestep.xds.proto.core.Locality;
import dev.sidestep.xds.proto.core.Node;
import dev.sidestep.xds.proto.discovery.DiscoveryRequest;
import dev.sidestep.xds.proto.discovery.DiscoveryResponse;
import dev.sidestep.xds.proto.endpoint.ClusterLoadAssignment;
import dev.sidestep.xds.proto.endpoint.LocalityLbEndpoints;
import dev.sidestep.xds.proto.listener.Listener;
import dev.sidestep.xds.proto.rpc.Status;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class StateOfTheWorldSessionTest {
    private static final String JAVA = "gRPC Java";
    private static final String CORE = "grpc-c-core";

    private final Bench bench = new Bench();
    private final Bench.FakeOutlet outlet = new Bench.FakeOutlet();
    private final StateOfTheWorldSession session =
            new StateOfTheWorldSession(bench.ads.context(), outlet, Peer.at("peer"));

    @BeforeEach
    void open() {
        bench.owner.run(() -> bench.ads.opened(session));
        bench.sync();
    }

    private void introduce(String agent, String zone) {
        send(DiscoveryRequest.newBuilder()
                .setTypeUrl("type.googleapis.com/unknown.Type")
                .setNode(Node.newBuilder()
                        .setUserAgentName(agent)
                        .setLocality(Locality.newBuilder().setZone(zone))));
    }

    private void send(DiscoveryRequest.Builder request) {
        bench.owner.run(() -> session.onRequest(request.build()));
    }

    private void ask(String type, String... names) {
        send(DiscoveryRequest.newBuilder().setTypeUrl(type).addAllResourceNames(List.of(names)));
    }

    private List<DiscoveryResponse> take() {
        var responses = new ArrayList<DiscoveryResponse>();
        for (Frame frame : outlet.take()) {
            try {
                responses.add(DiscoveryResponse.parseFrom(
                        AdsMethods.SERVE_STATE_OF_THE_WORLD.getResponseMarshaller().stream(frame),
                        ExtensionRegistryLite.getEmptyRegistry()));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return responses;
    }

    /** All that came, as {@code Type[name, …]} per response; an assignment as {@code name=endpoints}. */
    private List<String> told() {
        return take().stream().map(StateOfTheWorldSessionTest::describe).toList();
    }

    private static String describe(DiscoveryResponse response) {
        String type = response.getTypeUrl().replaceAll(".*\\.", "");
        return type
                + response.getResourcesList().stream()
                        .map(any -> describe(response.getTypeUrl(), any))
                        .toList();
    }

    private static String describe(String type, Any any) {
        var none = ExtensionRegistryLite.getEmptyRegistry();
        try {
            if (type.equals(ResourceType.CLUSTER)) {
                return Cluster.parseFrom(any.getValue(), none).getName();
            }
            if (type.equals(ResourceType.LISTENER)) {
                return Listener.parseFrom(any.getValue(), none).getName();
            }
            var assignment = ClusterLoadAssignment.parseFrom(any.getValue(), none);
            int endpoints = assignment.getEndpointsList().stream()
                    .mapToInt(LocalityLbEndpoints::getLbEndpointsCount)
                    .sum();
            return assignment.getClusterName() + "=" + endpoints;
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void leadsAGrpcClientFromListenerToEndpoints() {
        bench.put(service("web"), slice("web", "10.0.0.1", "10.0.0.2"));
        introduce(CORE, "");

        ask(ResourceType.LISTENER, name("web"));
        ask(ResourceType.CLUSTER, name("web"));
        ask(ResourceType.ENDPOINT, name("web"));

        assertThat(told())
                .containsExactly(
                        "Listener[" + name("web") + "]",
                        "Cluster[" + name("web") + "]",
                        "ClusterLoadAssignment[" + name("web") + "=2]");
    }

    @Test
    void anUnknownNameLeadsToNoEndpointsAtOnceAndToSomeWhenTheServiceAppears() {
        introduce(CORE, "");
        ask(ResourceType.LISTENER, "new.default.svc.cluster.local:80");
        ask(ResourceType.CLUSTER, name("new"));
        ask(ResourceType.ENDPOINT, name("new"));
        assertThat(told())
                .containsExactly(
                        "Listener[" + name("new") + "]",
                        "Cluster[" + name("new") + "]",
                        "ClusterLoadAssignment[" + name("new") + "=0]");

        bench.put(service("new"), slice("new", "10.0.0.1"));
        assertThat(told()).containsExactly("ClusterLoadAssignment[" + name("new") + "=1]");
    }

    @Test
    void scaledToZeroIsAnEmptyAssignmentToAllButGrpcJava() {
        bench.put(service("web"), slice("web", "10.0.0.1"));
        introduce(CORE, "");
        ask(ResourceType.CLUSTER, name("web"));
        ask(ResourceType.ENDPOINT, name("web"));
        outlet.take();

        bench.settle();
        bench.put(slice("web"));
        assertThat(told()).containsExactly("ClusterLoadAssignment[" + name("web") + "=0]");
        bench.settle();
        bench.put(slice("web", "10.0.0.1"));
        assertThat(told()).containsExactly("ClusterLoadAssignment[" + name("web") + "=1]");
    }

    @Test
    void scaledToZeroIsTheEndOfTheClusterToGrpcJava() {
        bench.put(service("web"), slice("web", "10.0.0.1"), service("other"), slice("other", "10.0.1.1"));
        introduce(JAVA, "");
        ask(ResourceType.CLUSTER, name("web"), name("other"));
        ask(ResourceType.ENDPOINT, name("web"), name("other"));
        outlet.take();

        bench.settle();
        bench.put(slice("web"));
        assertThat(told().get(0)).isEqualTo("Cluster[" + name("other") + "]");
        ask(ResourceType.ENDPOINT, name("other"));
        assertThat(told()).isEmpty();

        bench.settle();
        bench.put(slice("web", "10.0.0.1"));
        assertThat(told()).containsExactly("Cluster[" + name("web") + ", " + name("other") + "]");
        ask(ResourceType.ENDPOINT, name("other"), name("web"));
        assertThat(told()).containsExactly("ClusterLoadAssignment[" + name("web") + "=1]");
    }

    @Test
    void clustersAreToldWholeAndAssignmentsOneByOne() {
        bench.put(service("a"), slice("a", "10.0.0.1"), service("b"), slice("b", "10.0.1.1"));
        introduce(CORE, "");
        ask(ResourceType.CLUSTER, name("a"));
        ask(ResourceType.ENDPOINT, name("a"));
        outlet.take();

        ask(ResourceType.CLUSTER, name("a"), name("b"));
        ask(ResourceType.ENDPOINT, name("a"), name("b"));
        assertThat(told())
                .containsExactly(
                        "Cluster[" + name("a") + ", " + name("b") + "]", "ClusterLoadAssignment[" + name("b") + "=1]");
    }

    @Test
    void whoAsksAgainAfterLettingGoIsAnsweredThoughNothingChanged() {
        bench.put(service("web"), slice("web", "10.0.0.1"));
        introduce(CORE, "");
        ask(ResourceType.ENDPOINT, name("web"));
        String nonce = take().get(0).getNonce();

        ask(ResourceType.ENDPOINT);
        assertThat(told()).isEmpty();
        send(DiscoveryRequest.newBuilder()
                .setTypeUrl(ResourceType.ENDPOINT)
                .setResponseNonce(nonce)
                .addResourceNames(name("web")));
        assertThat(told()).containsExactly("ClusterLoadAssignment[" + name("web") + "=1]");
    }

    @Test
    void aVersionOfAnotherServerIsNotBelieved() {
        bench.put(service("web"));
        introduce(CORE, "");
        send(DiscoveryRequest.newBuilder()
                .setTypeUrl(ResourceType.ENDPOINT)
                .setVersionInfo("1")
                .addResourceNames(name("web")));
        assertThat(told()).hasSize(1);
    }

    @Test
    void aRefusalIsNotAnswered() {
        bench.put(service("web"));
        introduce(CORE, "");
        ask(ResourceType.CLUSTER, name("web"));
        DiscoveryResponse response = take().get(0);

        send(DiscoveryRequest.newBuilder()
                .setTypeUrl(ResourceType.CLUSTER)
                .setResponseNonce(response.getNonce())
                .setErrorDetail(Status.newBuilder().setMessage("no"))
                .addResourceNames(name("web")));
        bench.settle();
        bench.put(slice("web", "10.0.0.1"));

        assertThat(told()).isEmpty();
    }

    @Test
    void aClientIsToldTheEndpointsThatTheHintsKeepForItsZone() {
        bench.put(
                service("web"),
                slice("web", List.of(backend("10.0.0.1", "a"), backend("10.0.0.2", "a"), backend("10.0.0.3", "b"))));
        introduce(CORE, "a");
        ask(ResourceType.ENDPOINT, name("web"));
        assertThat(told()).containsExactly("ClusterLoadAssignment[" + name("web") + "=2]");
    }
}
