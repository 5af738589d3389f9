package dev.sidestep.interop.conformance;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.extensions.filters.http.router.v3.Router;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate;
import io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import io.envoyproxy.envoy.service.load_stats.v3.LoadStatsRequest;
import io.envoyproxy.envoy.service.load_stats.v3.LoadStatsResponse;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Envoy's own classes, by the full names of their messages. */
final class Official {
    private static final Map<String, Message> TYPES = Stream.<Message>of(
                    DeltaDiscoveryRequest.getDefaultInstance(),
                    DeltaDiscoveryResponse.getDefaultInstance(),
                    DiscoveryRequest.getDefaultInstance(),
                    DiscoveryResponse.getDefaultInstance(),
                    LoadStatsRequest.getDefaultInstance(),
                    LoadStatsResponse.getDefaultInstance(),
                    Listener.getDefaultInstance(),
                    RouteConfiguration.getDefaultInstance(),
                    Cluster.getDefaultInstance(),
                    ClusterLoadAssignment.getDefaultInstance(),
                    HttpConnectionManager.getDefaultInstance(),
                    Router.getDefaultInstance(),
                    PreviousHostsPredicate.getDefaultInstance(),
                    HttpProtocolOptions.getDefaultInstance())
            .collect(Collectors.toMap(it -> it.getDescriptorForType().getFullName(), Function.identity()));

    private Official() {}

    static Message parse(Sample sample) throws InvalidProtocolBufferException {
        Message type = TYPES.get(sample.type());
        if (type == null) {
            throw new AssertionError("not one of Envoy's messages: " + sample.type());
        }
        return type.getParserForType().parseFrom(sample.bytes());
    }

    /** What is in {@code any}; empty for our own types. */
    static Optional<Message> unpack(Any any) throws InvalidProtocolBufferException {
        String type = any.getTypeUrl().substring(any.getTypeUrl().indexOf('/') + 1);
        if (type.startsWith("sidestep.")) {
            return Optional.empty();
        }
        return Optional.of(parse(new Sample(type, any.getValue().toByteArray(), "", "")));
    }
}
