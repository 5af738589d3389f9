package dev.sidestep.xds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sidestep.model.Endpoint;
import dev.sidestep.model.Protocol;
import dev.sidestep.model.TrafficPolicy;
import dev.sidestep.model.TrafficPolicy.Retry;
import dev.sidestep.model.TrafficPolicy.Retry.On;
import dev.sidestep.xds.proto.cluster.Cluster;
import dev.sidestep.xds.proto.endpoint.ClusterLoadAssignment;
import dev.sidestep.xds.proto.hcm.HttpConnectionManager;
import dev.sidestep.xds.proto.listener.Listener;
import dev.sidestep.xds.proto.route.RouteAction;
import dev.sidestep.xds.proto.route.RouteConfiguration;
import dev.sidestep.xds.proto.route.RouteMatch;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class StandardEncoderTest {
    private static final String NAME = "backend-service.default.svc.cluster.local:80";

    @Test
    void theEmptyPrefixIsOnTheWire() throws Exception {
        var routes = RouteConfiguration.parseFrom(
                WireForm.value(StandardEncoder.route("r", NAME, TrafficPolicy.DEFAULT, StandardEncoder.Client.GRPC)));
        RouteMatch match = routes.getVirtualHosts(0).getRoutes(0).getMatch();
        assertThat(match.getPathSpecifierCase()).isEqualTo(RouteMatch.PathSpecifierCase.PREFIX);
        assertThat(match.toByteArray()).containsExactly(0x0A, 0x00);
    }

    @Test
    void aListenerAsksForItsRoutesOrHasThemInline() throws Exception {
        HttpConnectionManager asking = manager(StandardEncoder.listener(NAME, "routes"));
        assertThat(asking.getRds().getRouteConfigName()).isEqualTo("routes");
        assertThat(asking.getRds().getConfigSource().hasAds()).isTrue();
        HttpConnectionManager inline =
                manager(StandardEncoder.listenerTo(NAME, "asked", TrafficPolicy.DEFAULT, StandardEncoder.Client.GRPC));
        assertThat(inline.getRouteConfig()
                        .getVirtualHosts(0)
                        .getRoutes(0)
                        .getRoute()
                        .getCluster())
                .isEqualTo(NAME);
        assertThat(inline.getStatPrefix()).isNotEmpty();
    }

    @Test
    void theDefaultRetriesAreTheNearestThatEnvoyHasAndItsOwnTimeLimitIsOff() throws Exception {
        RouteAction action = action(TrafficPolicy.DEFAULT, StandardEncoder.Client.ENVOY);
        assertThat(action.hasTimeout()).isTrue();
        assertThat(action.getTimeout()).isEqualTo(com.google.protobuf.Duration.getDefaultInstance());
        assertThat(action.getRetryPolicy().getRetryOn()).isEqualTo("connect-failure,refused-stream");
        assertThat(action.getRetryPolicy().getNumRetries().getValue()).isEqualTo(2);
        assertThat(action.getRetryPolicy().hasPerTryTimeout()).isFalse();
    }

    @Test
    void grpcIsToldNothingByDefaultThatItDoesByItself() throws Exception {
        assertThat(action(TrafficPolicy.DEFAULT, StandardEncoder.Client.GRPC))
                .isEqualTo(RouteAction.newBuilder().setCluster(NAME).build());
    }

    @Test
    void retriesAndTimeLimitsAreInTheWordsOfEachClient() throws Exception {
        TrafficPolicy policy = retrying(
                new Retry(Set.of(On.SERVER_ERROR, On.GRPC_UNAVAILABLE, On.GRPC_INTERNAL), 1, 20),
                Optional.of(Duration.ofSeconds(2)),
                Optional.of(Duration.ofMillis(500)));

        RouteAction envoy = action(policy, StandardEncoder.Client.ENVOY);
        assertThat(envoy.getTimeout().getSeconds()).isEqualTo(2);
        assertThat(envoy.getRetryPolicy().getRetryOn()).isEqualTo("5xx,unavailable,internal");
        assertThat(envoy.getRetryPolicy().getNumRetries().getValue()).isEqualTo(1);
        assertThat(envoy.getRetryPolicy().getPerTryTimeout()).isEqualTo(PolicyEncoder.duration(Duration.ofMillis(500)));
        assertThat(envoy.getRetryPolicy().getRetryHostPredicateCount()).isEqualTo(1);

        RouteAction grpc = action(policy, StandardEncoder.Client.GRPC);
        assertThat(grpc.hasTimeout()).isFalse();
        assertThat(grpc.getMaxStreamDuration().getMaxStreamDuration().getSeconds())
                .isEqualTo(2);
        assertThat(grpc.getRetryPolicy().getRetryOn()).isEqualTo("unavailable,internal");
        assertThat(grpc.getRetryPolicy().hasPerTryTimeout()).isFalse();
    }

    @Test
    void withoutRetriesThereIsNoPolicyOfThem() throws Exception {
        for (Retry none : List.of(new Retry(Set.of(), 2, 20), new Retry(Set.of(On.SAFE, On.GRPC_INTERNAL), 0, 20))) {
            TrafficPolicy policy = retrying(none, Optional.empty(), Optional.empty());
            assertThat(action(policy, StandardEncoder.Client.ENVOY).hasRetryPolicy())
                    .isFalse();
            assertThat(action(policy, StandardEncoder.Client.GRPC).hasRetryPolicy())
                    .isFalse();
        }
    }

    private static RouteAction action(TrafficPolicy policy, StandardEncoder.Client client) throws Exception {
        return RouteConfiguration.parseFrom(WireForm.value(StandardEncoder.route("r", NAME, policy, client)))
                .getVirtualHosts(0)
                .getRoutes(0)
                .getRoute();
    }

    private static TrafficPolicy retrying(Retry retry, Optional<Duration> call, Optional<Duration> attempt) {
        TrafficPolicy base = TrafficPolicy.DEFAULT;
        return new TrafficPolicy(
                base.mode(),
                base.protocol(),
                base.balancer(),
                base.ejection(),
                retry,
                base.connectTimeout(),
                call,
                attempt,
                base.localOnly(),
                base.affinityTimeout());
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
