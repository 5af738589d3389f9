package dev.sidestep.control.ads;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ExtensionRegistryLite;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.sidestep.control.auth.Caller;
import dev.sidestep.xds.AdsMethods;
import dev.sidestep.xds.Frame;
import dev.sidestep.xds.InvalidResourceException;
import dev.sidestep.xds.ResourceType;
import dev.sidestep.xds.SelfDecoder;
import dev.sidestep.xds.proto.core.Node;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryRequest;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A stream whose client's token is known: what it may say of itself, and what it may cost. */
class SecuredSessionTest {
    private static final Caller CALLER = new Caller("shop", "web", "web-1", "uid-1", "node-1", Optional.empty());

    private Bench bench = new Bench();
    private Bench.FakeOutlet outlet = new Bench.FakeOutlet();

    private DeltaSession session(Optional<Caller> caller) {
        outlet = new Bench.FakeOutlet();
        var session = new DeltaSession(bench.ads.context(), outlet, new Peer("10.0.0.9:4711", caller));
        bench.owner.run(() -> bench.ads.opened(session));
        return session;
    }

    private static Node node(String id, Map<String, String> metadata) {
        Struct.Builder fields = Struct.newBuilder();
        metadata.forEach((key, value) ->
                fields.putFields(key, Value.newBuilder().setStringValue(value).build()));
        return Node.newBuilder().setId(id).setMetadata(fields).build();
    }

    private ClientStatus ask(Optional<Caller> caller, Node node) {
        DeltaSession session = session(caller);
        bench.owner.run(() -> session.onRequest(DeltaDiscoveryRequest.newBuilder()
                .setNode(node)
                .setTypeUrl(ResourceType.SELF)
                .addResourceNamesSubscribe(ResourceType.SELF_NAME)
                .build()));
        var status = new java.util.ArrayList<ClientStatus>();
        bench.owner.run(() -> status.add(session.status()));
        return status.get(0);
    }

    private String end(Node node) {
        ask(Optional.of(CALLER), node);
        return outlet.end;
    }

    @Test
    void whoSaysNothingIsWhatItsTokenSays() {
        ClientStatus status = ask(Optional.of(CALLER), Node.getDefaultInstance());
        assertThat(status.id()).isEqualTo("web-1");
        assertThat(status.namespace()).isEqualTo("shop");
        assertThat(status.pod()).isEqualTo("web-1");
        assertThat(status.node()).isEqualTo("node-1");
        assertThat(status.identity()).isEqualTo("shop/web-1");
        assertThat(outlet.end).isEmpty();
    }

    @Test
    void whoSaysWhatItsTokenSaysIsServed() {
        for (String id : new String[] {"web-1", "web-1.shop", "shop/web-1", ""}) {
            assertThat(end(node(id, Map.of("namespace", "shop", "pod", "web-1", "node", "node-1"))))
                    .isEmpty();
        }
    }

    @Test
    void whoSaysThatItIsAnotherIsDenied() {
        assertThat(end(node("other", Map.of()))).startsWith("denied: ").contains("id \"other\"", "shop/web-1");
        assertThat(end(node("", Map.of("pod", "web-2")))).startsWith("denied: ").contains("pod \"web-2\"");
        assertThat(end(node("", Map.of("namespace", "bank"))))
                .startsWith("denied: ")
                .contains("namespace \"bank\"");
        assertThat(end(node("", Map.of("node", "node-2"))))
                .startsWith("denied: ")
                .contains("node \"node-2\"");
        bench.owner.run(() -> assertThat(bench.refusals.report())
                .singleElement()
                .satisfies(report -> assertThat(report.count()).isEqualTo(4))
                .satisfies(report -> assertThat(report.reason()).isEqualTo("foreign-node")));
        assertThat(outlet.take()).as("and is told nothing").isEmpty();
    }

    @Test
    void aTokenOfNoPodSpeaksForNoPod() {
        var unbound = new Caller("shop", "web", "", "", "", Optional.empty());
        ask(Optional.of(unbound), node("laptop", Map.of("namespace", "shop")));
        assertThat(outlet.end).isEmpty();
        ask(Optional.of(unbound), node("laptop", Map.of("pod", "web-1")));
        assertThat(outlet.end).startsWith("denied: ");
    }

    @Test
    void onThePlaintextPortAClientIsWhoItSaysItIs() {
        ClientStatus status = ask(Optional.empty(), node("any", Map.of("namespace", "bank", "pod", "p")));
        assertThat(status.namespace()).isEqualTo("bank");
        assertThat(status.identity()).isEmpty();
    }

    @Test
    void oneClientHasSoManyStreamsAndNoMore() {
        bench = new Bench(XdsLimits.DEFAULT.withStreams(5, 2));
        DeltaSession first = session(Optional.of(CALLER));
        session(Optional.of(CALLER));
        assertThat(outlet.end).isEmpty();
        session(Optional.of(CALLER));
        assertThat(outlet.end).startsWith("refused: shop/web-1 has 2 streams already");

        bench.owner.run(() -> bench.ads.closed(first));
        session(Optional.of(CALLER));
        assertThat(outlet.end).isEmpty();
    }

    @Test
    void allTogetherHaveSoManyStreamsAndNoMore() {
        bench = new Bench(XdsLimits.DEFAULT.withStreams(2, 2));
        for (String pod : new String[] {"a", "b"}) {
            session(Optional.of(new Caller("shop", "web", pod, pod, "", Optional.empty())));
            assertThat(outlet.end).isEmpty();
        }
        session(Optional.of(CALLER));
        assertThat(outlet.end).startsWith("refused: there are 2 streams already");
        assertThat(bench.registry
                        .get("sidestep.xds.refused")
                        .tag("reason", "too-many-streams")
                        .counter()
                        .count())
                .isEqualTo(1);
    }

    @Test
    void withoutTokensAnAddressIsAClientAndThisMachineIsNone() {
        assertThat(Peer.at("10.0.0.9:4711").client()).isEqualTo("10.0.0.9");
        assertThat(Peer.at("127.0.0.1:4711").client()).isEmpty();
        assertThat(Peer.at("[0:0:0:0:0:0:0:1]:4711").client()).isEmpty();
    }

    @Test
    void allTogetherAskForSoManyNamesAndNoMore() {
        bench = new Bench(XdsLimits.DEFAULT.withNames(100, 150));
        subscribe(100, "a");
        assertThat(outlet.end).isEmpty();
        DeltaSession second = subscribe(51, "b");
        assertThat(outlet.end).startsWith("refused: all clients together ask for more than 150");
        bench.owner.run(() -> bench.ads.closed(second));
        subscribe(50, "c");
        assertThat(outlet.end).as("what the other had is free again").isEmpty();
    }

    private DeltaSession subscribe(int names, String prefix) {
        DeltaSession session = session(Optional.of(CALLER));
        var request = DeltaDiscoveryRequest.newBuilder().setTypeUrl(ResourceType.SERVICE);
        for (int i = 0; i < names - 1; i++) { // Its self is one more.
            request.addResourceNamesSubscribe(prefix + i + ".shop.svc.cluster.local:80");
        }
        bench.owner.run(() -> session.onRequest(request.build()));
        return session;
    }

    @Test
    void aNewBundleIsToldAtOnceToAllThatAreConnected() throws IOException, InvalidResourceException {
        bench.sync();
        ask(Optional.of(CALLER), Node.getDefaultInstance());
        outlet.take();
        bench.owner.run(() -> bench.ads.trust("PEM"));
        assertThat(bundleOf(outlet)).isEqualTo("PEM");
        bench.owner.run(() -> bench.ads.trust("PEM and more"));
        assertThat(bundleOf(outlet)).isEqualTo("PEM and more");
    }

    private static String bundleOf(Bench.FakeOutlet outlet) throws IOException, InvalidResourceException {
        List<Frame> frames = outlet.take();
        assertThat(frames).hasSize(1);
        var response = DeltaDiscoveryResponse.parseFrom(
                AdsMethods.SERVE_DELTA.getResponseMarshaller().stream(frames.get(0)),
                ExtensionRegistryLite.getEmptyRegistry());
        return SelfDecoder.caBundle(
                ResourceType.SELF_NAME, response.getResources(0).getResource().getValue());
    }

    @Test
    void requestsThatComeFasterAreReadLater() {
        var pace = new Pace(10, 5, 0);
        for (int i = 0; i < 5; i++) {
            assertThat(pace.next(0)).isZero();
        }
        assertThat(pace.next(0)).isEqualTo(Duration.ofMillis(100));
        assertThat(pace.next(Duration.ofMillis(100).toNanos()))
                .isBetween(Duration.ofMillis(99), Duration.ofMillis(101));
        assertThat(pace.next(Duration.ofSeconds(10).toNanos())).isZero();
    }
}
