package dev.sidestep.control.bypass;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.control.auth.Caller;
import dev.sidestep.control.index.ClusterIndex;
import dev.sidestep.control.index.WorkloadIndex;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Endpoint;
import dev.sidestep.xds.BypassMethods;
import dev.sidestep.xds.proto.v1.BypassAnswer;
import dev.sidestep.xds.proto.v1.BypassReport;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells sidecars which of the addresses that they see their pods connected to are endpoints of Services with a VIP, and
 * passes on what that means. Calls come in on any thread; all else is confined to {@code owner}, the index's.
 */
public final class BypassServer {
    private static final Logger LOG = LoggerFactory.getLogger(BypassServer.class);

    private final SerialExecutor owner;
    private final ClusterIndex index;
    private final WorkloadIndex workloads;
    private final Consumer<Finding> onFinding;

    /** @param onFinding hears of each on the owner */
    BypassServer(SerialExecutor owner, ClusterIndex index, WorkloadIndex workloads, Consumer<Finding> onFinding) {
        this.owner = owner;
        this.index = index;
        this.workloads = workloads;
        this.onFinding = onFinding;
    }

    /** One that tells nobody but those who ask, for where there is no cluster. */
    public static BypassServer withoutEvents(SerialExecutor owner, ClusterIndex index, WorkloadIndex workloads) {
        return new BypassServer(
                owner,
                index,
                workloads,
                finding -> LOG.warn("{}/{}: {}", finding.namespace(), finding.pod(), finding.text()));
    }

    /** One that tells the pod's owner by an Event. */
    public static BypassServer withEvents(
            SerialExecutor owner, ClusterIndex index, WorkloadIndex workloads, BypassEvents events) {
        return new BypassServer(owner, index, workloads, events::onFinding);
    }

    /** What a gRPC server has to offer for it. */
    public ServerServiceDefinition service() {
        return ServerServiceDefinition.builder(BypassMethods.SERVICE)
                .addMethod(BypassMethods.REPORT, ServerCalls.asyncUnaryCall(this::report))
                .build();
    }

    private void report(BypassReport report, StreamObserver<BypassAnswer> response) {
        // No caller without TLS, where whatever a client says of itself is believed.
        Optional<Status> refusal = refusal(Optional.ofNullable(Caller.KEY.get()), report);
        if (refusal.isPresent()) {
            response.onError(refusal.get().asRuntimeException());
            return;
        }
        owner.execute(() -> {
            response.onNext(take(report));
            response.onCompleted();
        });
    }

    static Optional<Status> refusal(Optional<Caller> caller, BypassReport report) {
        return caller.filter(who -> !who.namespace().equals(report.getNamespace())
                        || !who.pod().equals(report.getPod()))
                .map(who -> Status.PERMISSION_DENIED.withDescription("the token is " + who + "'s, not pod "
                        + report.getNamespace() + "/" + report.getPod() + "'s; a pod may report of itself only"));
    }

    BypassAnswer take(BypassReport report) {
        owner.checkCurrent();
        Map<String, ClusterName> services = services(limited(report.getOthersList()));
        List<String> vips = limited(report.getVipsList());
        if (!report.getPod().isEmpty() && !(vips.isEmpty() && services.isEmpty())) {
            onFinding.accept(finding(report, vips, services));
        }
        return BypassAnswer.newBuilder().addAllEndpoints(services.keySet()).build();
    }

    private Finding finding(BypassReport report, List<String> vips, Map<String, ClusterName> services) {
        List<String> endpoints = new ArrayList<>();
        services.forEach((address, name) ->
                endpoints.add(address + " (" + name.service() + "." + name.namespace() + ":" + name.port() + ")"));
        return new Finding(
                report.getNamespace(),
                report.getPod(),
                workloads.pod(report.getNamespace(), report.getPod()),
                vips,
                endpoints);
    }

    private static List<String> limited(List<String> addresses) {
        return addresses.subList(0, Math.min(BypassMethods.MOST_ADDRESSES, addresses.size()));
    }

    /** Those that are endpoints of a Service with a VIP, sorted; of several Services the first by name. */
    private Map<String, ClusterName> services(List<String> addresses) {
        Map<String, ClusterName> found = new TreeMap<>();
        Set<String> asked = new HashSet<>(addresses);
        Set<String> hosts = new HashSet<>();
        asked.forEach(address -> hosts.add(host(address)));
        if (hosts.isEmpty()) {
            return found;
        }
        for (ClusterIndex.Published published : index.clusters()) {
            Cluster cluster = published.cluster();
            if (cluster.headless() || cluster.addresses().isEmpty()) {
                continue;
            }
            for (Endpoint endpoint : cluster.endpoints()) {
                // One look into a set for each endpoint that there is; a text is made only of those that fit.
                if (hosts.contains(endpoint.address()) && asked.contains(endpoint.hostPort())) {
                    found.merge(
                            endpoint.hostPort(),
                            cluster.name(),
                            (one, other) -> one.value().compareTo(other.value()) <= 0 ? one : other);
                }
            }
        }
        return found;
    }

    private static String host(String address) {
        int colon = Math.max(0, address.lastIndexOf(':'));
        String host = address.substring(0, colon);
        return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    }
}
