package dev.sidestep.xds;

import com.google.protobuf.Any;
import com.google.protobuf.MessageLite;
import com.google.protobuf.UInt32Value;
import dev.sidestep.model.Endpoint;
import dev.sidestep.model.Protocol;
import dev.sidestep.model.TrafficPolicy;
import dev.sidestep.xds.proto.cluster.Cluster;
import dev.sidestep.xds.proto.core.Address;
import dev.sidestep.xds.proto.core.AggregatedConfigSource;
import dev.sidestep.xds.proto.core.ApiVersion;
import dev.sidestep.xds.proto.core.ConfigSource;
import dev.sidestep.xds.proto.core.Locality;
import dev.sidestep.xds.proto.core.SocketAddress;
import dev.sidestep.xds.proto.endpoint.ClusterLoadAssignment;
import dev.sidestep.xds.proto.endpoint.LbEndpoint;
import dev.sidestep.xds.proto.endpoint.LocalityLbEndpoints;
import dev.sidestep.xds.proto.hcm.HttpConnectionManager;
import dev.sidestep.xds.proto.hcm.HttpFilter;
import dev.sidestep.xds.proto.hcm.Rds;
import dev.sidestep.xds.proto.listener.ApiListener;
import dev.sidestep.xds.proto.listener.Listener;
import dev.sidestep.xds.proto.route.Route;
import dev.sidestep.xds.proto.route.RouteConfiguration;
import dev.sidestep.xds.proto.route.RouteMatch;
import dev.sidestep.xds.proto.route.VirtualHost;
import dev.sidestep.xds.proto.upstream.HttpProtocolOptions;
import java.util.List;

/**
 * Encodes the resources that other data planes read. Names are given, because a client is answered by the name it asked
 * with; equal arguments give equal bytes.
 */
public final class StandardEncoder {
    /** Whose words a cluster is put in. */
    public enum Client {
        /** gRPC's own xDS clients. Some refuse every {@code lb_policy} but round robin, and with it the cluster. */
        GRPC,
        ENVOY
    }

    private static final String HCM_TYPE = "type.googleapis.com/"
            + "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
    private static final String ROUTER_TYPE = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
    private static final String HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

    private StandardEncoder() {}

    /** A gRPC client's Listener, which asks for the RouteConfiguration {@code route} next. */
    public static EncodedResource listener(String name, String route) {
        var rds = Rds.newBuilder().setConfigSource(sameStream()).setRouteConfigName(route);
        return listener(name, manager(name).setRds(rds).build());
    }

    /** A gRPC client's Listener that leads every call to {@code cluster}, one round trip earlier. */
    public static EncodedResource listenerTo(String cluster, String name, TrafficPolicy policy, Client client) {
        return listener(
                name,
                manager(name)
                        .setRouteConfig(routes(name, cluster, policy, client))
                        .build());
    }

    /** Routes that lead every call to {@code cluster}. */
    public static EncodedResource route(String name, String cluster, TrafficPolicy policy, Client client) {
        return EncodedResource.of(ResourceType.ROUTE, name, routes(name, cluster, policy, client));
    }

    /** A cluster whose endpoints are asked for under the same name. */
    public static EncodedResource cluster(String name, TrafficPolicy policy, Client client) {
        Cluster.Builder message = Cluster.newBuilder()
                .setName(name)
                .setType(Cluster.DiscoveryType.EDS)
                .setEdsClusterConfig(Cluster.EdsClusterConfig.newBuilder().setEdsConfig(sameStream()))
                .setConnectTimeout(PolicyEncoder.duration(policy.connectTimeout()));
        if (client == Client.ENVOY) {
            message.setLbPolicy(PolicyEncoder.standard(policy.balancer()));
            if (policy.protocol() == Protocol.HTTP2) {
                message.putTypedExtensionProtocolOptions(HTTP_OPTIONS, http2());
            }
        }
        return EncodedResource.of(ResourceType.CLUSTER, name, message.build());
    }

    /**
     * The endpoints that may be used, filtered already; none means that calls fail at once.
     *
     * <p>In one locality: gRPC draws the locality at random by weight before it goes round, so that one per zone would
     * spoil round robin. It drops a locality without a weight, and some clients refuse one that is not named at all.
     */
    public static EncodedResource loadAssignment(String cluster, List<Endpoint> usable) {
        var message = ClusterLoadAssignment.newBuilder().setClusterName(cluster);
        if (!usable.isEmpty()) {
            // Weights of a locality have to add up to 32 bits, its own is of no consequence beside no other.
            var locality = LocalityLbEndpoints.newBuilder()
                    .setLocality(Locality.getDefaultInstance())
                    .setLoadBalancingWeight(UInt32Value.of(1));
            usable.forEach(endpoint -> locality.addLbEndpoints(endpoint(endpoint)));
            message.addEndpoints(locality);
        }
        return EncodedResource.of(ResourceType.ENDPOINT, cluster, message.build());
    }

    private static LbEndpoint endpoint(Endpoint endpoint) {
        var address = SocketAddress.newBuilder().setAddress(endpoint.address()).setPortValue(endpoint.port());
        var message = LbEndpoint.newBuilder()
                .setEndpoint(dev.sidestep.xds.proto.endpoint.Endpoint.newBuilder()
                        .setAddress(Address.newBuilder().setSocketAddress(address)));
        if (endpoint.weight() != 1) {
            message.setLoadBalancingWeight(UInt32Value.of(endpoint.weight()));
        }
        return message.build();
    }

    private static EncodedResource listener(String name, HttpConnectionManager manager) {
        var message = Listener.newBuilder()
                .setName(name)
                .setApiListener(ApiListener.newBuilder().setApiListener(any(HCM_TYPE, manager)));
        return EncodedResource.of(ResourceType.LISTENER, name, message.build());
    }

    private static HttpConnectionManager.Builder manager(String name) {
        return HttpConnectionManager.newBuilder()
                .setStatPrefix(name) // Refused by the official validation when empty, though no gRPC client reads it.
                .addHttpFilters(HttpFilter.newBuilder()
                        .setName("router")
                        .setTypedConfig(Any.newBuilder().setTypeUrl(ROUTER_TYPE)));
    }

    private static RouteConfiguration routes(String name, String cluster, TrafficPolicy policy, Client client) {
        return RouteConfiguration.newBuilder()
                .setName(name)
                .addVirtualHosts(VirtualHost.newBuilder()
                        .setName(cluster)
                        .addDomains("*")
                        .addRoutes(Route.newBuilder()
                                .setMatch(RouteMatch.newBuilder().setPrefix(""))
                                .setRoute(RouteEncoder.action(cluster, policy, client))))
                .build();
    }

    private static ConfigSource sameStream() {
        return ConfigSource.newBuilder()
                .setAds(AggregatedConfigSource.getDefaultInstance())
                .setResourceApiVersion(ApiVersion.V3)
                .build();
    }

    /** Envoy speaks HTTP/1.1 to a cluster that does not say so. */
    private static Any http2() {
        return any(
                "type.googleapis.com/" + HTTP_OPTIONS,
                HttpProtocolOptions.newBuilder()
                        .setExplicitHttpConfig(HttpProtocolOptions.ExplicitHttpConfig.newBuilder()
                                .setHttp2ProtocolOptions(HttpProtocolOptions.Http2ProtocolOptions.getDefaultInstance()))
                        .build());
    }

    private static Any any(String typeUrl, MessageLite message) {
        return Any.newBuilder()
                .setTypeUrl(typeUrl)
                .setValue(message.toByteString())
                .build();
    }
}
