package dev.sidestep.sidecar.admin;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import dev.sidestep.balancing.Explanation;
import dev.sidestep.balancing.Status;
import dev.sidestep.discovery.DiscoveryStatus;
import dev.sidestep.model.Endpoint;
import dev.sidestep.model.Self;
import dev.sidestep.model.TrafficPolicy;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The pages' values as JSON. Spelled out field by field: what people's scripts read is no accident of a record. */
final class Json {
    private static final Gson GSON =
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

    private Json() {}

    static String write(Map<String, ?> fields) {
        return GSON.toJson(fields) + "\n";
    }

    static Map<String, Object> explanation(Explanation explanation) {
        Map<String, Object> fields = fields();
        fields.put("host", explanation.host());
        fields.put("port", explanation.port());
        fields.put("answer", explanation.answer());
        fields.put("why", explanation.why());
        fields.put("connected", explanation.connected());
        fields.put("callerMode", explanation.callerMode());
        explanation.serviceMode().ifPresent(mode -> fields.put("serviceMode", mode));
        fields.put("mayConnect", explanation.mayConnect());
        fields.put("tried", explanation.tried().stream().map(Json::tried).toList());
        explanation.cluster().ifPresent(cluster -> fields.put("cluster", cluster(cluster)));
        return fields;
    }

    private static Map<String, Object> tried(Explanation.Tried tried) {
        Map<String, Object> fields = fields();
        fields.put("name", tried.asked());
        if (!tried.hostname().isEmpty()) {
            fields.put("hostname", tried.hostname());
        }
        fields.put("found", tried.found());
        return fields;
    }

    static Map<String, Object> destination(Status.DestinationStatus destination) {
        Map<String, Object> fields = fields();
        fields.put("host", destination.host());
        fields.put("port", destination.port());
        fields.put("answer", destination.answer());
        destination.cluster().ifPresent(name -> fields.put("cluster", name.value()));
        return fields;
    }

    static Map<String, Object> cluster(Status.ClusterStatus cluster) {
        Map<String, Object> fields = fields();
        fields.put("name", cluster.name().value());
        fields.put("askedAs", cluster.askedAs());
        fields.put("addresses", cluster.addresses());
        fields.put("mode", cluster.mode());
        fields.put("rule", cluster.rule());
        fields.put("current", cluster.current());
        fields.put("ageSeconds", seconds(cluster.age()));
        fields.put("stale", cluster.stale());
        fields.put("panic", cluster.panic());
        fields.put("policy", policy(cluster.policy()));
        fields.put("endpoints", cluster.endpoints().stream().map(Json::endpoint).toList());
        return fields;
    }

    private static Map<String, Object> policy(TrafficPolicy policy) {
        Map<String, Object> fields = fields();
        fields.put("mode", policy.mode());
        fields.put("protocol", policy.protocol());
        fields.put("balancer", policy.balancer());
        policy.ejection()
                .ifPresent(ejection -> fields.put(
                        "ejection",
                        Map.of(
                                "failures", ejection.failures(),
                                "baseSeconds", seconds(ejection.base()),
                                "maxSeconds", seconds(ejection.max()),
                                "maxPercent", ejection.maxPercent())));
        fields.put(
                "retry",
                Map.of(
                        "on",
                        policy.retry().on(),
                        "attempts",
                        policy.retry().attempts(),
                        "budgetPercent",
                        policy.retry().budgetPercent()));
        fields.put("connectTimeoutSeconds", seconds(policy.connectTimeout()));
        policy.requestTimeout().ifPresent(timeout -> fields.put("requestTimeoutSeconds", seconds(timeout)));
        policy.backendRequestTimeout()
                .ifPresent(timeout -> fields.put("backendRequestTimeoutSeconds", seconds(timeout)));
        fields.put("localOnly", policy.localOnly());
        policy.affinityTimeout().ifPresent(timeout -> fields.put("affinityTimeoutSeconds", seconds(timeout)));
        return fields;
    }

    private static Map<String, Object> endpoint(Status.EndpointStatus status) {
        Endpoint endpoint = status.endpoint();
        Map<String, Object> fields = fields();
        fields.put("address", endpoint.hostPort());
        fields.put("pod", endpoint.pod());
        fields.put("node", endpoint.node());
        fields.put("zone", endpoint.zone());
        fields.put("state", status.state());
        fields.put("picked", status.picked());
        fields.put("why", status.why());
        fields.put("inFlight", status.inFlight());
        fields.put("successes", status.successes());
        fields.put("failures", status.failures());
        return fields;
    }

    static Map<String, Object> self(Self self, boolean told) {
        Map<String, Object> fields = fields();
        fields.put("told", told);
        fields.put("namespace", self.namespace());
        fields.put("node", self.node());
        fields.put("zone", self.zone());
        fields.put("region", self.region());
        fields.put("clusterDomain", self.clusterDomain());
        fields.put("serviceRanges", self.serviceRanges());
        fields.put("serviceAddresses", self.serviceAddresses());
        fields.put("mode", self.mode());
        return fields;
    }

    static Map<String, Object> discovery(Optional<DiscoveryStatus> status) {
        Map<String, Object> fields = fields();
        status.ifPresent(discovery -> {
            discovery.connectedFor().ifPresent(time -> fields.put("connectedForSeconds", seconds(time)));
            fields.put("attempts", discovery.attempts());
            fields.put("lastError", discovery.lastError());
            fields.put("types", types(discovery));
            fields.put("resources", resources(discovery));
            fields.put("unanswered", discovery.unanswered());
        });
        return fields;
    }

    private static Map<String, Object> types(DiscoveryStatus discovery) {
        Map<String, Object> types = fields();
        discovery
                .types()
                .forEach((url, type) -> types.put(
                        url,
                        Map.of(
                                "nonce", type.nonce(),
                                "accepted", type.accepted(),
                                "refused", type.refused(),
                                "lastRefusal", type.lastRefusal())));
        return types;
    }

    private static List<Map<String, Object>> resources(DiscoveryStatus discovery) {
        return discovery.resources().stream()
                .map(resource -> {
                    Map<String, Object> fields = fields();
                    fields.put("name", resource.name());
                    fields.put("version", resource.version());
                    fields.put("askedAs", resource.names());
                    resource.diskAge().ifPresent(age -> fields.put("fromDiskAgeSeconds", seconds(age)));
                    return fields;
                })
                .toList();
    }

    static Map<String, Object> fields() {
        return new LinkedHashMap<>();
    }

    private static double seconds(Duration duration) {
        return duration.toMillis() / 1e3;
    }
}
