package dev.sidestep.xds;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.protobuf.UInt32Value;
import dev.sidestep.model.TrafficPolicy;
import dev.sidestep.model.TrafficPolicy.Retry;
import dev.sidestep.xds.proto.route.RetryPolicy;
import dev.sidestep.xds.proto.route.RouteAction;
import java.util.Comparator;
import java.util.stream.Collectors;

/** Puts retries and time limits in the words of other data planes, as near as these come. */
final class RouteEncoder {
    private static final String PREVIOUS_HOSTS = "envoy.retry_host_predicates.previous_hosts";
    private static final String PREVIOUS_HOSTS_TYPE =
            "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate";

    /** How often Envoy draws another host that was not tried, before it takes one that was; Istio's number. */
    private static final int HOST_SELECTIONS = 5;

    private RouteEncoder() {}

    static RouteAction action(String cluster, TrafficPolicy policy, StandardEncoder.Client client) {
        RouteAction.Builder action = RouteAction.newBuilder().setCluster(cluster);
        if (client == StandardEncoder.Client.ENVOY) {
            toEnvoy(action, policy);
        } else {
            toGrpc(action, policy);
        }
        return action.build();
    }

    private static void toEnvoy(RouteAction.Builder action, TrafficPolicy policy) {
        // Left out it would be 15 s, after which calls would fail that without us do not.
        action.setTimeout(policy.requestTimeout().map(PolicyEncoder::duration).orElse(Duration.getDefaultInstance()));
        RetryPolicy.Builder retry = retry(policy.retry(), true);
        if (!retry.getRetryOn().isEmpty()) {
            retry.addRetryHostPredicate(RetryPolicy.RetryHostPredicate.newBuilder()
                            .setName(PREVIOUS_HOSTS)
                            .setTypedConfig(Any.newBuilder().setTypeUrl(PREVIOUS_HOSTS_TYPE)))
                    .setHostSelectionRetryMaxAttempts(HOST_SELECTIONS);
        }
        policy.backendRequestTimeout().ifPresent(limit -> retry.setPerTryTimeout(PolicyEncoder.duration(limit)));
        set(action, retry);
    }

    /** gRPC tries unprocessed calls again by itself, and reads no other words than those of its own statuses. */
    private static void toGrpc(RouteAction.Builder action, TrafficPolicy policy) {
        policy.requestTimeout()
                .ifPresent(limit -> action.setMaxStreamDuration(RouteAction.MaxStreamDuration.newBuilder()
                        .setMaxStreamDuration(PolicyEncoder.duration(limit))));
        set(action, retry(policy.retry(), false));
    }

    private static void set(RouteAction.Builder action, RetryPolicy.Builder retry) {
        RetryPolicy built = retry.build();
        if (!built.equals(RetryPolicy.getDefaultInstance())) {
            action.setRetryPolicy(built);
        }
    }

    /** Without a word or without an attempt, none: no client accepts a number of zero. */
    private static RetryPolicy.Builder retry(Retry retry, boolean http) {
        var message = RetryPolicy.newBuilder();
        String on = retry.on().stream()
                .sorted(Comparator.naturalOrder()) // A set has no order, and equal policies give equal bytes.
                .map(word -> words(word, http))
                .filter(word -> !word.isEmpty())
                .collect(Collectors.joining(","));
        if (!on.isEmpty() && retry.attempts() > 0) {
            message.setRetryOn(on).setNumRetries(UInt32Value.of(retry.attempts()));
        }
        return message;
    }

    private static String words(Retry.On on, boolean http) {
        return switch (on) {
            case SAFE -> http ? "connect-failure,refused-stream" : "";
            case SERVER_ERROR -> http ? "5xx" : "";
            case GATEWAY_ERROR -> http ? "gateway-error" : "";
            case GRPC_UNAVAILABLE -> "unavailable";
            case GRPC_CANCELLED -> "cancelled";
            case GRPC_DEADLINE_EXCEEDED -> "deadline-exceeded";
            case GRPC_INTERNAL -> "internal";
            case GRPC_RESOURCE_EXHAUSTED -> "resource-exhausted";
        };
    }
}
