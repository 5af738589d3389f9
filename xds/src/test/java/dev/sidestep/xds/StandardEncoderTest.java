package dev.sidestep.xds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sidestep.model.Endpoint;
import dev.sidestep.model.Protocol;
import dev.sidestep.model.TrafficPolicy;
import dev.sidestep.xds.proto.cluster.Cluster;
import dev.sidestep.xds.proto.endpoint.ClusterLoadAssignment;
import dev.sidestep.xds.proto.hcm.HttpConnectionManager;
import dev.sidestep.xds.proto.listener.Listener;
import dev.sidestep.xds.proto.route.RouteConfiguration;
import dev.sidestep.xds.proto.route.RouteMatch;
import java.util.List;
import org.junit.jupiter.api.Test;

class StandardEncoderTest {
    private static final String NAME = "backend-service.default.svc.cluster.local:80";

    @Test
    void theEmptyPrefixIsOnTheWire() throws Exception {
        var routes = RouteConfiguration.parseFrom(WireForm.value(StandardEncoder.route("r", NAME)));
        RouteMatch match = routes.getVirtualHosts(0).getRoutes(0).getMatch();
        assertThat(match.getPathSpecifierCase()).isEqualTo(RouteMatch.PathSpecifierCase.PREFIX);
        assertThat(match.toByteArray()).containsExactly(0x0A, 0x00);
    }

    @Test
    void aListenerAsksForItsRoutesOrHasThemInline() throws Exception {
        HttpConnectionManager asking = manager(StandardEncoder.listener(NAME, "routes"));
        assertThat(asking.getRds().getRouteConfigName()).isEqualTo("routes");
        assertThat(asking.getRds().getConfigSource().hasAds()).isTrue();
        HttpConnectionManager inline = manager(StandardEncoder.listenerTo(NAME, "asked"));
        assertThat(inline.getRouteConfig()
                        .getVirtualHosts(0)
                        .getRoutes(0)
                        .getRoute()
                        .getCluster())
                .isEqualTo(NAME);
        assertThat(inline.getStatPrefix()).isNotEmpty();
    }

    @Test
    void endpointsShareOneLocalityWithAWeight() throws Exception {
        var heavy = new Endpoint("10.0.0.2", 80, true, true, false, "", "", "n", "z2", List.of(), List.of(), 5);
        var message = ClusterLoadAssignment.parseFrom(
                WireForm.value(StandardEncoder.loadAssignment(NAME, List.of(Endpoint.ready("10.0.0.1", 80), heavy))));
        assertThat(message.getEndpointsCount()).isOne();
        assertThat(message.getEndpoints(0).hasLocality()).isTrue();
        assertThat(message.getEndpoints(0).getLoadBalancingWeight().getValue()).isPositive();
        assertThat(message.getEndpoints(0).getLbEndpointsList())
                .extracting(it -> it.getLoadBalancingWeight().getValue())
                .containsExactly(0, 5);
    }

    @Test
    void noEndpointIsAnAssignmentWithoutLocalities() throws Exception {
        var message = ClusterLoadAssignment.parseFrom(WireForm.value(StandardEncoder.loadAssignment(NAME, List.of())));
        assertThat(message.getClusterName()).isEqualTo(NAME);
        assertThat(message.getEndpointsCount()).isZero();
    }

    @Test
    void onlyEnvoyIsToldOfAnotherBalancerThanRoundRobin() throws Exception {
        TrafficPolicy policy = policy(TrafficPolicy.Balancer.PEAK_EWMA, Protocol.HTTP2);
        Cluster envoy = cluster(policy, StandardEncoder.Client.ENVOY);
        assertThat(envoy.getLbPolicy()).isEqualTo(Cluster.LbPolicy.LEAST_REQUEST);
        assertThat(envoy.getTypedExtensionProtocolOptionsMap()).hasSize(1);
        Cluster grpc = cluster(policy, StandardEncoder.Client.GRPC);
        assertThat(grpc.getLbPolicy()).isEqualTo(Cluster.LbPolicy.ROUND_ROBIN);
        assertThat(grpc.getTypedExtensionProtocolOptionsMap()).isEmpty();
        assertThat(grpc.getType()).isEqualTo(Cluster.DiscoveryType.EDS);
    }

    @Test
    void addressesAreLiteralsAndDnsIsNeverAsked() {
        for (String bad :
                List.of("", "localhost", "1.2", "1.2.3.256", "g::1", "fe80::1%eth0", "a:b", "::1::", "cafe")) {
            assertThatThrownBy(() -> IpLiteral.parse(bad)).as(bad).isInstanceOf(IllegalArgumentException.class);
        }
        assertThat(IpLiteral.text(IpLiteral.parse("2001:db8::1"))).isEqualTo("2001:db8:0:0:0:0:0:1");
        assertThat(IpLiteral.text(IpLiteral.parse("::ffff:10.0.0.1"))).isEqualTo("10.0.0.1");
    }

    private static TrafficPolicy policy(TrafficPolicy.Balancer balancer, Protocol protocol) {
        TrafficPolicy base = TrafficPolicy.DEFAULT;
        return new TrafficPolicy(
                base.mode(),
                protocol,
                balancer,
                base.ejection(),
                base.retry(),
                base.connectTimeout(),
                base.requestTimeout(),
                base.backendRequestTimeout(),
                base.localOnly(),
                base.affinityTimeout());
    }

    private static Cluster cluster(TrafficPolicy policy, StandardEncoder.Client client) throws Exception {
        return Cluster.parseFrom(WireForm.value(StandardEncoder.cluster(NAME, policy, client)));
    }

    private static HttpConnectionManager manager(EncodedResource listener) throws Exception {
        var message = Listener.parseFrom(WireForm.value(listener));
        assertThat(message.getName()).isEqualTo(listener.name());
        return HttpConnectionManager.parseFrom(
                message.getApiListener().getApiListener().getValue());
    }
}
