package dev.sidestep.control.load;

import dev.sidestep.balancing.EndpointFilter;
import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.control.index.Callers;
import dev.sidestep.control.index.Callers.Place;
import dev.sidestep.control.index.ClusterIndex;
import dev.sidestep.control.index.ClusterIndex.Published;
import dev.sidestep.load.LoadReport.Calls;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Endpoint;
import dev.sidestep.model.Mode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** Puts what was reported beside what is known of Services and clients. Confined to {@code owner}, the store's. */
public final class LoadView {
    private static final double NANOS = 1e9;

    private final SerialExecutor owner;
    private final LoadStore store;
    private final ClusterIndex index;
    private final Callers callers;
    private final Mode ofMesh;

    /** @param ofMesh the mesh's mode */
    public LoadView(SerialExecutor owner, LoadStore store, ClusterIndex index, Callers callers, Mode ofMesh) {
        this.owner = owner;
        this.store = store;
        this.index = index;
        this.callers = callers;
        this.ofMesh = ofMesh;
    }

    /**
     * What was sent to the Services of {@code namespace}.
     *
     * @param namespace empty: of all
     * @param since how far back, at most
     */
    public LoadData of(Optional<String> namespace, Duration since) {
        owner.checkCurrent();
        long now = owner.nanoTime();
        Duration asked = since.compareTo(LoadStore.KEPT) < 0 ? since : LoadStore.KEPT;
        // What a slot holds may be older than it, by the interval of the clients' reports.
        long sinceNanos = now - asked.toNanos();
        var services = new ArrayList<LoadData.Service>();
        store.services().forEach((name, history) -> {
            if (namespace.isEmpty() || name.namespace().equals(namespace.get())) {
                LoadData.Service service = service(name, history, sinceNanos, now);
                if (!service.clients().isEmpty()) {
                    services.add(service);
                }
            }
        });
        return new LoadData(seconds(asked.toNanos()), services);
    }

    private LoadData.Service service(ClusterName name, ServiceHistory history, long sinceNanos, long now) {
        Optional<Cluster> cluster = index.lookup(name.value()).map(Published::cluster);
        List<Endpoint> usable = cluster.map(Cluster::endpoints).orElse(List.of()).stream()
                .filter(endpoint -> endpoint.ready() || (endpoint.serving() && endpoint.terminating()))
                .toList();
        if (usable.stream().anyMatch(Endpoint::ready)) {
            usable = usable.stream().filter(Endpoint::ready).toList();
        }
        Map<String, LoadData.Calls> calls = new HashMap<>();
        history.since(sinceNanos).forEach((address, sum) -> calls.put(address, calls(sum)));
        var clients = new ArrayList<LoadData.Client>();
        for (Map.Entry<Reporter, ClientHistory> entry : history.clients().entrySet()) {
            ClientHistory.Total total = entry.getValue().since(sinceNanos);
            if (total.calls().issued() > 0
                    || !total.connections().isEmpty()
                    || !total.others().isEmpty()) {
                clients.add(client(entry.getKey(), total, cluster, usable));
            }
        }
        return new LoadData.Service(
                name.service() + "." + name.namespace() + ":" + name.port(),
                seconds(now - history.firstSince(sinceNanos, now)),
                cluster.flatMap(known -> known.policy().affinityTimeout()).isPresent(),
                usable.stream()
                        .map(endpoint -> new LoadData.Endpoint(endpoint.hostPort(), endpoint.pod()))
                        .toList(),
                calls,
                clients);
    }

    private LoadData.Client client(
            Reporter who, ClientHistory.Total total, Optional<Cluster> cluster, List<Endpoint> endpoints) {
        Mode mode = Mode.mostCautious(
                callers.modeOf(who.namespace(), who.pod(), ofMesh),
                cluster.map(known -> known.policy().mode()).orElse(Mode.BALANCE));
        return new LoadData.Client(
                who.namespace(),
                who.pod(),
                who.process(),
                who.agent(),
                mode.name().toLowerCase(java.util.Locale.ROOT),
                cluster.map(known -> usable(known, who, endpoints)).orElse(List.of()),
                calls(total.calls()),
                total.opened(),
                total.connections(),
                total.others().stream()
                        .map(others -> new LoadData.Others(others.connections(), others.calls()))
                        .toList());
    }

    /** By the rules that kube-proxy has as well; empty: all of {@code endpoints}. */
    private List<Integer> usable(Cluster cluster, Reporter who, List<Endpoint> endpoints) {
        Place place = callers.placeOf(who.namespace(), who.pod(), who.claimed());
        List<Endpoint> chosen = EndpointFilter.select(
                        cluster.endpoints(), cluster.policy().localOnly(), place.node(), place.zone())
                .endpoints();
        List<Integer> places = IntStream.range(0, endpoints.size())
                .filter(i -> chosen.contains(endpoints.get(i)))
                .boxed()
                .toList();
        return places.size() == endpoints.size() ? List.of() : places;
    }

    private static LoadData.Calls calls(Calls calls) {
        return new LoadData.Calls(
                calls.issued(), calls.succeeded(), calls.failed(), calls.inProgress(), seconds(calls.nanos()));
    }

    private static double seconds(long nanos) {
        return nanos / NANOS;
    }
}
