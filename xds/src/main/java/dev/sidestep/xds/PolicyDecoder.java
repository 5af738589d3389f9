package dev.sidestep.xds;

import dev.sidestep.model.TrafficPolicy;
import dev.sidestep.xds.proto.cluster.Cluster;
import dev.sidestep.xds.proto.v1.Mode;
import dev.sidestep.xds.proto.v1.Policy;
import dev.sidestep.xds.proto.v1.Protocol;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/** Decodes what {@link PolicyEncoder} and its successors write: values that are not known yet have a meaning each. */
final class PolicyDecoder {
    private PolicyDecoder() {}

    static TrafficPolicy decode(Fields fields, Cluster standard, Policy message) throws InvalidResourceException {
        TrafficPolicy fallback = TrafficPolicy.DEFAULT;
        return new TrafficPolicy(
                mode(message.getMode()),
                protocol(message.getProtocol()),
                balancer(standard, message),
                message.hasEjection() ? Optional.of(ejection(fields, message.getEjection())) : Optional.empty(),
                message.hasRetry() ? retry(fields, message.getRetry()) : fallback.retry(),
                standard.hasConnectTimeout()
                        ? fields.positiveDuration("cluster.connect_timeout", standard.getConnectTimeout())
                        : fallback.connectTimeout(),
                message.hasRequestTimeout()
                        ? Optional.of(fields.positiveDuration("policy.request_timeout", message.getRequestTimeout()))
                        : Optional.empty(),
                message.hasBackendRequestTimeout()
                        ? Optional.of(fields.positiveDuration(
                                "policy.backend_request_timeout", message.getBackendRequestTimeout()))
                        : Optional.empty(),
                message.getLocalOnly(),
                message.hasAffinityTimeout()
                        ? Optional.of(fields.positiveDuration("policy.affinity_timeout", message.getAffinityTimeout()))
                        : Optional.empty());
    }

    static dev.sidestep.model.Mode mode(Mode mode) {
        return switch (mode) {
            case MODE_BALANCE -> dev.sidestep.model.Mode.BALANCE;
            case MODE_OBSERVE -> dev.sidestep.model.Mode.OBSERVE;
            case MODE_OFF, UNRECOGNIZED -> dev.sidestep.model.Mode.OFF;
        };
    }

    private static dev.sidestep.model.Protocol protocol(Protocol protocol) {
        return switch (protocol) {
            case PROTOCOL_UNDECLARED, UNRECOGNIZED -> dev.sidestep.model.Protocol.UNDECLARED;
            case PROTOCOL_HTTP1 -> dev.sidestep.model.Protocol.HTTP1;
            case PROTOCOL_HTTP2 -> dev.sidestep.model.Protocol.HTTP2;
            case PROTOCOL_TLS -> dev.sidestep.model.Protocol.TLS;
            case PROTOCOL_TCP -> dev.sidestep.model.Protocol.TCP;
        };
    }

    private static TrafficPolicy.Balancer balancer(Cluster standard, Policy message) {
        return switch (message.getBalancer()) {
            case BALANCER_PEAK_EWMA -> TrafficPolicy.Balancer.PEAK_EWMA;
            case BALANCER_STANDARD, UNRECOGNIZED ->
                switch (standard.getLbPolicy()) {
                    case LEAST_REQUEST -> TrafficPolicy.Balancer.LEAST_REQUEST;
                    case RANDOM -> TrafficPolicy.Balancer.RANDOM;
                    case RING_HASH, MAGLEV -> TrafficPolicy.Balancer.MAGLEV;
                    case ROUND_ROBIN, CLUSTER_PROVIDED, LOAD_BALANCING_POLICY_CONFIG, UNRECOGNIZED ->
                        TrafficPolicy.Balancer.ROUND_ROBIN;
                };
        };
    }

    private static TrafficPolicy.Ejection ejection(Fields fields, Policy.Ejection message)
            throws InvalidResourceException {
        Duration base = fields.positiveDuration("policy.ejection.base", message.getBase());
        Duration max = fields.positiveDuration("policy.ejection.max", message.getMax());
        return new TrafficPolicy.Ejection(
                fields.atLeast(1, "policy.ejection.failures", message.getFailures()),
                base,
                max,
                fields.percent("policy.ejection.max_percent", message.getMaxPercent()));
    }

    private static TrafficPolicy.Retry retry(Fields fields, Policy.Retry message) throws InvalidResourceException {
        Set<TrafficPolicy.Retry.On> on = EnumSet.noneOf(TrafficPolicy.Retry.On.class);
        for (Policy.Retry.On word : message.getOnList()) {
            switch (word) {
                case ON_SAFE -> on.add(TrafficPolicy.Retry.On.SAFE);
                case ON_SERVER_ERROR -> on.add(TrafficPolicy.Retry.On.SERVER_ERROR);
                case ON_GATEWAY_ERROR -> on.add(TrafficPolicy.Retry.On.GATEWAY_ERROR);
                case ON_GRPC_UNAVAILABLE -> on.add(TrafficPolicy.Retry.On.GRPC_UNAVAILABLE);
                case ON_GRPC_CANCELLED -> on.add(TrafficPolicy.Retry.On.GRPC_CANCELLED);
                case ON_GRPC_DEADLINE_EXCEEDED -> on.add(TrafficPolicy.Retry.On.GRPC_DEADLINE_EXCEEDED);
                case ON_GRPC_INTERNAL -> on.add(TrafficPolicy.Retry.On.GRPC_INTERNAL);
                case ON_GRPC_RESOURCE_EXHAUSTED -> on.add(TrafficPolicy.Retry.On.GRPC_RESOURCE_EXHAUSTED);
                case ON_UNSPECIFIED, UNRECOGNIZED -> {}
            }
        }
        return new TrafficPolicy.Retry(
                on,
                fields.atLeast(0, "policy.retry.attempts", message.getAttempts()),
                fields.percent("policy.retry.budget_percent", message.getBudgetPercent()));
    }
}
