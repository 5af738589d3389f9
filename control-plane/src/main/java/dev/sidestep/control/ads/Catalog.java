package dev.sidestep.control.ads;

import dev.sidestep.balancing.EndpointFilter;
import dev.sidestep.control.index.Callers;
import dev.sidestep.control.index.Callers.Place;
import dev.sidestep.control.index.ClusterIndex;
import dev.sidestep.control.index.ClusterIndex.Published;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.Endpoint;
import dev.sidestep.model.Self;
import dev.sidestep.model.TrafficPolicy;
import dev.sidestep.xds.EncodedResource;
import dev.sidestep.xds.SelfEncoder;
import dev.sidestep.xds.ServiceEncoder;
import dev.sidestep.xds.StandardEncoder;
import dev.sidestep.xds.StandardEncoder.Client;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the index holds, as resources; each is encoded when it is first asked for, and once for all streams that may
 * have the same. Confined to the index's owner.
 */
final class Catalog {
    /** From where a cluster is looked at; {@link #ANYWHERE} where that makes no difference. */
    private record View(String node, String zone) {
        static final View ANYWHERE = new View("", "");
    }

    /** The resources of one cluster, as far as somebody asked for them. */
    private static final class Renderings {
        final Published published;
        final boolean dependsOnView;
        final Map<View, List<Endpoint>> usable = new HashMap<>();
        final Map<View, EncodedResource> assignments = new HashMap<>();
        final Map<Client, EncodedResource> clusters = new HashMap<>();

        @Nullable
        EncodedResource service;

        Renderings(Published published) {
            this.published = published;
            Cluster cluster = published.cluster();
            this.dependsOnView = cluster.policy().localOnly()
                    || cluster.endpoints().stream()
                            .anyMatch(endpoint -> !endpoint.forZones().isEmpty()
                                    || !endpoint.forNodes().isEmpty());
        }
    }

    private final ClusterIndex index;
    private final Callers callers;
    private final Mesh mesh;
    private final List<AddressRange> ranges;
    private final Map<String, Renderings> renderings = new HashMap<>();
    private final Map<Self, EncodedResource> selves = new HashMap<>();
    private @Nullable List<String> addressesOutsideRanges;
    private long generation;
    private String bundle = "";

    Catalog(ClusterIndex index, Callers callers, Mesh mesh) {
        this.index = index;
        this.callers = callers;
        this.mesh = mesh;
        this.ranges = mesh.serviceRanges().stream().map(AddressRange::parse).toList();
    }

    /** A number that grows with each change of the index: what is made at one holds all changes up to it. */
    long generation() {
        return generation;
    }

    /** The index has changed. */
    void nextGeneration() {
        generation++;
    }

    /** Forgets what was made of {@code name}. */
    void touched(String name) {
        renderings.remove(name);
    }

    /** Forgets what was made of what clients are told of themselves. */
    void surroundingsTouched() {
        selves.clear();
        addressesOutsideRanges = null;
    }

    /** Clients are told to trust these CAs, in PEM; takes effect with {@link #surroundingsTouched}. */
    void trust(String latest) {
        bundle = latest;
    }

    /** When the cluster that {@code name} leads to became what it is, by the owner's clock. */
    Optional<Long> changedNanos(String name) {
        return index.lookup(name).map(Published::changedNanos);
    }

    /** The names of all clusters. */
    List<String> clusterNames() {
        return index.clusters().stream()
                .map(published -> published.cluster().name().value())
                .sorted()
                .toList();
    }

    /** What {@code client} is told of itself. */
    EncodedResource self(ClientNode client) {
        if (addressesOutsideRanges == null) {
            addressesOutsideRanges = index.serviceAddresses().stream()
                    .filter(address -> ranges.stream().noneMatch(range -> range.contains(address)))
                    .toList();
        }
        Place place = place(client);
        var self = new Self(
                client.namespace(),
                place.node(),
                place.zone(),
                place.region(),
                mesh.clusterDomain(),
                mesh.serviceRanges(),
                addressesOutsideRanges,
                callers.modeOf(client.namespace(), client.pod(), mesh.mode()));
        return selves.computeIfAbsent(self, each -> SelfEncoder.encode(each, bundle));
    }

    /** One Service port for our own data planes, by name or address. */
    Optional<EncodedResource> service(String asked) {
        return rendering(asked).map(found -> {
            if (found.service == null) {
                found.service = ServiceEncoder.encode(found.published.cluster());
            }
            return found.service;
        });
    }

    Optional<EncodedResource> cluster(String name, Client client) {
        return named(name)
                .map(found -> found.clusters.computeIfAbsent(
                        client,
                        key -> StandardEncoder.cluster(
                                name, found.published.cluster().policy(), client)));
    }

    /** Where nothing is known, for clients that wait and wait for a name that does not exist. */
    EncodedResource unknownCluster(String name) {
        return StandardEncoder.cluster(name, TrafficPolicy.DEFAULT, Client.GRPC);
    }

    Optional<EncodedResource> assignment(String name, ClientNode client) {
        return named(name).map(found -> {
            View view = view(found, client);
            return found.assignments.computeIfAbsent(
                    view, key -> StandardEncoder.loadAssignment(name, usable(found, view)));
        });
    }

    /** Whether {@code client} may use some endpoint of {@code name}. */
    boolean hasUsable(String name, ClientNode client) {
        return named(name)
                .map(found -> !usable(found, view(found, client)).isEmpty())
                .orElse(false);
    }

    /** How calls to the cluster {@code name} are made; empty if there is none. */
    Optional<TrafficPolicy> policy(String name) {
        return named(name).map(found -> found.published.cluster().policy());
    }

    /** Whether there is a cluster {@code name}. */
    boolean contains(String name) {
        return named(name).isPresent();
    }

    private static List<Endpoint> usable(Renderings found, View view) {
        Cluster cluster = found.published.cluster();
        return found.usable.computeIfAbsent(
                view,
                key -> EndpointFilter.select(
                                cluster.endpoints(), cluster.policy().localOnly(), view.node(), view.zone())
                        .endpoints());
    }

    private View view(Renderings found, ClientNode client) {
        if (!found.dependsOnView) {
            return View.ANYWHERE;
        }
        Place place = place(client);
        return new View(place.node(), place.zone());
    }

    /** The node that {@code client} runs on, or "". */
    String nodeOf(ClientNode client) {
        return place(client).node();
    }

    /** Where {@code client} runs. */
    Place place(ClientNode client) {
        Place place = callers.placeOf(
                client.namespace(), client.pod(), new Place(client.node(), client.zone(), client.region()));
        return place.zone().isEmpty() ? new Place(place.node(), index.zoneOf(place.node()), place.region()) : place;
    }

    /** Standard resources are called as they were asked for, so that an address, though it leads somewhere, names none. */
    private Optional<Renderings> named(String name) {
        return rendering(name)
                .filter(found -> found.published.cluster().name().value().equals(name));
    }

    private Optional<Renderings> rendering(String asked) {
        Optional<Published> published = index.lookup(asked);
        if (published.isEmpty()) {
            return Optional.empty();
        }
        Published current = published.get();
        String name = current.cluster().name().value();
        // What changes is touched before anybody looks again, so that what is here is current.
        return Optional.of(renderings.computeIfAbsent(name, key -> new Renderings(current)));
    }
}
