package dev.sidestep.control.ads;

import dev.sidestep.control.ads.ClientNode.Family;
import dev.sidestep.model.TrafficPolicy;
import dev.sidestep.xds.EncodedResource;
import dev.sidestep.xds.Frame;
import dev.sidestep.xds.StandardEncoder;
import dev.sidestep.xds.StandardEncoder.Client;
import dev.sidestep.xds.proto.discovery.DiscoveryRequest;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A stream of the state-of-the-world variant: gRPC's own xDS clients speak nothing else. Confined to the index's owner.
 *
 * <p>Versions that a client brings along are another server's and are not looked at: it is answered fully.
 */
final class StateOfTheWorldSession extends Session {
    /** The client came with clusters of an earlier stream. */
    private boolean hasOldClusters;

    StateOfTheWorldSession(SessionContext context, Outlet outlet, Peer peer) {
        super(context, outlet, peer);
    }

    @Override
    String protocol() {
        return "sotw";
    }

    void onRequest(DiscoveryRequest request) {
        owner.checkCurrent();
        Optional<Kind> kind = Kind.of(request.getTypeUrl());
        if (!isOpen() || !introduce(request.hasNode(), request.getNode())) {
            return;
        }
        if (kind.isEmpty() || kind.get() == Kind.SELF || kind.get() == Kind.SERVICE) {
            return; // Our own types are incremental only; others there are none.
        }
        Subscription subscription = subscription(kind.get());
        answered(
                subscription,
                request.getResponseNonce(),
                request.hasErrorDetail(),
                request.getErrorDetail().getMessage());
        boolean first = subscription.begin();
        if (first && kind.get() == Kind.CLUSTER) {
            hasOldClusters = !request.getVersionInfo().isEmpty();
        }
        if (first && request.getResourceNamesCount() == 0 && kind.get().isToldWhole()) {
            if (kind.get().hasWildcard()) {
                subscribeToAll(subscription);
            } else {
                subscription.owe();
            }
        }
        // The names count whatever nonce they come with: requests arrive in order, so the last list is the one wanted.
        Set<String> asked = new LinkedHashSet<>(request.getResourceNamesList());
        for (String name : List.copyOf(subscription.names())) {
            if (!asked.contains(name)) {
                unsubscribe(subscription, name);
            }
        }
        for (String name : asked) {
            if (!subscription.contains(name) && !subscribe(subscription, name, false)) {
                return;
            }
        }
        flush();
    }

    @Override
    boolean sendOne(Kind kind, Subscription subscription) {
        if (subscription.dirtyCount() == 0 && !subscription.isOwed()) {
            return false;
        }
        return kind.isToldWhole() ? sendWhole(kind, subscription) : sendChanged(kind, subscription);
    }

    private boolean sendWhole(Kind kind, Subscription subscription) {
        Collection<String> names = subscription.isWildcard() ? catalog.clusterNames() : subscription.names();
        boolean changed = subscription.isOwed();
        var news = new HashSet<String>();
        var resources = new ArrayList<EncodedResource>();
        var items = new ArrayList<Told.Item>();
        var retold = new ArrayList<String>();
        for (String name : names) {
            Optional<EncodedResource> resource = render(kind, name);
            String version = resource.map(EncodedResource::version).orElse("");
            boolean same = subscription
                    .ledger()
                    .sentVersion(name)
                    .filter(version::equals)
                    .isPresent();
            resource.ifPresent(resources::add);
            items.add(new Told.Item(name, version));
            if (!same || subscription.isForced(name)) {
                changed = true;
                retold.add(name);
                if (subscription.wasChanged(name)) {
                    news.add(name);
                }
            }
        }
        for (String name : subscription.dirty()) {
            // Gone from all that there is: told by leaving it out.
            changed |= subscription.isWildcard() && !names.contains(name);
            subscription.clean(name);
        }
        if (changed) {
            send(subscription, resources, items, news);
            if (kind == Kind.CLUSTER) {
                repeatAssignments(retold);
            }
        }
        return changed;
    }

    private boolean sendChanged(Kind kind, Subscription subscription) {
        var news = new HashSet<String>();
        var resources = new ArrayList<EncodedResource>();
        var items = new ArrayList<Told.Item>();
        long bytes = 0;
        for (String name : subscription.dirty()) {
            if (bytes >= MOST_BYTES) {
                break;
            }
            EncodedResource resource = render(kind, name).orElseThrow();
            boolean same = subscription
                    .ledger()
                    .sentVersion(name)
                    .filter(resource.version()::equals)
                    .isPresent();
            if (!same || subscription.isForced(name)) {
                resources.add(resource);
                items.add(new Told.Item(name, resource.version()));
                bytes += resource.size();
                if (subscription.wasChanged(name)) {
                    news.add(name);
                }
            }
            subscription.clean(name);
        }
        if (resources.isEmpty()) {
            return false;
        }
        send(subscription, resources, items, news);
        return true;
    }

    private void send(
            Subscription subscription, List<EncodedResource> resources, List<Told.Item> items, Set<String> news) {
        String nonce = nextNonce();
        // The version is of no use to us, and to clients only for telling responses apart.
        Frame frame = Frame.stateOfTheWorld(subscription.kind().typeUrl(), nonce, nonce, resources);
        told(subscription, new Told(nonce, items, oldestChange(news), catalog.generation()), frame.size());
        subscription.paid();
        outlet.send(frame);
    }

    /**
     * To gRPC every name exists: without an answer its clients wait 15 s before they fail, and a name that appears later
     * would not be noticed. What is unknown leads to no endpoints, at once, and to some as soon as there are any.
     */
    private Optional<EncodedResource> render(Kind kind, String name) {
        Family family = client().family();
        return switch (kind) {
            case CLUSTER -> {
                if (family == Family.GRPC_JAVA && knowsCluster(name) && !catalog.hasUsable(name, client())) {
                    yield Optional.empty();
                }
                yield family.isGrpc()
                        ? catalog.cluster(name, Client.GRPC).or(() -> Optional.of(catalog.unknownCluster(name)))
                        : catalog.cluster(name, Client.ENVOY);
            }
            case ENDPOINT ->
                catalog.assignment(name, client())
                        .or(() -> Optional.of(StandardEncoder.loadAssignment(name, List.of())));
            case LISTENER -> Optional.of(StandardEncoder.listenerTo(name, name, policy(name), words()));
            case ROUTE -> Optional.of(StandardEncoder.route(name, name, policy(name), words()));
            case SELF, SERVICE -> Optional.empty();
        };
    }

    private TrafficPolicy policy(String name) {
        return catalog.policy(name).orElse(TrafficPolicy.DEFAULT);
    }

    private Client words() {
        return client().family().isGrpc() ? Client.GRPC : Client.ENVOY;
    }

    /**
     * Whether the client may hold endpoints of {@code name}. grpc-java 1.85.1 goes on calling the last ones of an
     * assignment that became empty; only a cluster that is gone stops it. One that it never had must not be left out,
     * for it waits 15 s before it believes that; nor must others lose theirs: Node ignores an identical one that returns.
     */
    private boolean knowsCluster(String name) {
        return hasOldClusters
                || subscription(Kind.CLUSTER).ledger().sentVersion(name).isPresent();
    }
}
