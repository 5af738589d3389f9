package dev.sidestep.xds;

import com.google.protobuf.Duration;
import dev.sidestep.model.TrafficPolicy;
import dev.sidestep.xds.proto.cluster.Cluster.LbPolicy;
import dev.sidestep.xds.proto.v1.Mode;
import dev.sidestep.xds.proto.v1.Policy;
import dev.sidestep.xds.proto.v1.Protocol;
import java.util.Comparator;

/** Encodes how calls to a cluster are made: with the standard's words where it has them, with ours for the rest. */
final class PolicyEncoder {
    private PolicyEncoder() {}

    /** The standard policy that is the balancer, or comes nearest to it. */
    static LbPolicy standard(TrafficPolicy.Balancer balancer) {
        return switch (balancer) {
            case ROUND_ROBIN -> LbPolicy.ROUND_ROBIN;
            case LEAST_REQUEST, PEAK_EWMA -> LbPolicy.LEAST_REQUEST;
            case RANDOM -> LbPolicy.RANDOM;
            case MAGLEV -> LbPolicy.MAGLEV;
        };
    }

    static Policy encode(TrafficPolicy policy) {
        Policy.Builder message = Policy.newBuilder()
                .setMode(mode(policy.mode()))
                .setProtocol(protocol(policy.protocol()))
                .setRetry(retry(policy.retry()))
                .setLocalOnly(policy.localOnly());
        if (policy.balancer() == TrafficPolicy.Balancer.PEAK_EWMA) {
            message.setBalancer(Policy.Balancer.BALANCER_PEAK_EWMA);
        }
        policy.ejection().ifPresent(ejection -> message.setEjection(ejection(ejection)));
        policy.requestTimeout().ifPresent(timeout -> message.setRequestTimeout(duration(timeout)));
        policy.backendRequestTimeout().ifPresent(timeout -> message.setBackendRequestTimeout(duration(timeout)));
        policy.affinityTimeout().ifPresent(timeout -> message.setAffinityTimeout(duration(timeout)));
        return message.build();
    }

    static Mode mode(dev.sidestep.model.Mode mode) {
        return switch (mode) {
            case BALANCE -> Mode.MODE_BALANCE;
            case OBSERVE -> Mode.MODE_OBSERVE;
            case OFF -> Mode.MODE_OFF;
        };
    }

    static Duration duration(java.time.Duration duration) {
        return Duration.newBuilder()
                .setSeconds(duration.getSeconds())
                .setNanos(duration.getNano())
                .build();
    }

    private static Protocol protocol(dev.sidestep.model.Protocol protocol) {
        return switch (protocol) {
            case UNDECLARED -> Protocol.PROTOCOL_UNDECLARED;
            case HTTP1 -> Protocol.PROTOCOL_HTTP1;
            case HTTP2 -> Protocol.PROTOCOL_HTTP2;
            case TLS -> Protocol.PROTOCOL_TLS;
            case TCP -> Protocol.PROTOCOL_TCP;
        };
    }

    private static Policy.Ejection ejection(TrafficPolicy.Ejection ejection) {
        return Policy.Ejection.newBuilder()
                .setFailures(ejection.failures())
                .setBase(duration(ejection.base()))
                .setMax(duration(ejection.max()))
                .setMaxPercent(ejection.maxPercent())
                .build();
    }

    private static Policy.Retry retry(TrafficPolicy.Retry retry) {
        Policy.Retry.Builder message =
                Policy.Retry.newBuilder().setAttempts(retry.attempts()).setBudgetPercent(retry.budgetPercent());
        // Sorted: a set has no order, and equal policies give equal bytes.
        retry.on().stream().sorted(Comparator.naturalOrder()).forEach(on -> message.addOn(on(on)));
        return message.build();
    }

    private static Policy.Retry.On on(TrafficPolicy.Retry.On on) {
        return switch (on) {
            case SAFE -> Policy.Retry.On.ON_SAFE;
            case SERVER_ERROR -> Policy.Retry.On.ON_SERVER_ERROR;
            case GATEWAY_ERROR -> Policy.Retry.On.ON_GATEWAY_ERROR;
            case GRPC_UNAVAILABLE -> Policy.Retry.On.ON_GRPC_UNAVAILABLE;
            case GRPC_CANCELLED -> Policy.Retry.On.ON_GRPC_CANCELLED;
            case GRPC_DEADLINE_EXCEEDED -> Policy.Retry.On.ON_GRPC_DEADLINE_EXCEEDED;
            case GRPC_INTERNAL -> Policy.Retry.On.ON_GRPC_INTERNAL;
            case GRPC_RESOURCE_EXHAUSTED -> Policy.Retry.On.ON_GRPC_RESOURCE_EXHAUSTED;
        };
    }
}
