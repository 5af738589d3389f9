package dev.sidestep.control.ads;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.control.ads.ClientNode.Family;
import dev.sidestep.control.auth.Refusal;
import dev.sidestep.control.index.Callers;
import dev.sidestep.xds.proto.core.Node;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's stream. What changes is only marked; it is rendered when the stream can take it, so that a client that
 * reads slowly gets the latest state and no queue grows. Confined to the index's owner.
 */
abstract class Session {
    /** Clients accept 4 MiB by default; several small responses also let others in between. */
    static final int MOST_BYTES = 1 << 20;

    private static final Logger LOG = LoggerFactory.getLogger(Session.class);

    final SerialExecutor owner;
    final Catalog catalog;
    final Outlet outlet;
    private final Subscribers subscribers;
    private final AdsMetrics metrics;
    private final BooleanSupplier synced;
    private final Peer peer;
    private final Admission admission;
    private final long startedNanos;
    private final Map<Kind, Subscription> subscriptions = new EnumMap<>(Kind.class);
    private ClientNode client;
    private long nonces;
    private boolean open = true;
    private boolean askedMore;

    Session(SessionContext context, Outlet outlet, Peer peer) {
        this.owner = context.owner();
        this.catalog = context.catalog();
        this.subscribers = context.subscribers();
        this.metrics = context.metrics();
        this.synced = context.synced();
        this.outlet = outlet;
        this.peer = peer;
        this.admission = context.admission();
        this.client = peer.caller().map(ClientNode.UNKNOWN::as).orElse(ClientNode.UNKNOWN);
        this.startedNanos = owner.nanoTime();
    }

    /** {@code delta} or {@code sotw}. */
    abstract String protocol();

    /** Sends one response of {@code kind} if anything is to be told; whether there was. */
    abstract boolean sendOne(Kind kind, Subscription subscription);

    final ClientNode client() {
        return client;
    }

    final boolean isOpen() {
        return open;
    }

    final Peer peer() {
        return peer;
    }

    final XdsLimits limits() {
        return admission.limits();
    }

    /**
     * Some clients introduce themselves in their first request only.
     *
     * @return false if the stream was ended for it
     */
    final boolean introduce(boolean present, Node node) {
        if (!present) {
            return true;
        }
        Optional<String> contradiction = peer.caller().flatMap(caller -> ClientNode.contradiction(node, caller));
        if (contradiction.isPresent()) {
            admission.refusals().add(Refusal.FOREIGN_NODE, peer.address(), contradiction.get());
            close();
            outlet.deny(contradiction.get());
            return false;
        }
        ClientNode said = ClientNode.of(node);
        client = peer.caller().map(said::as).orElse(said);
        surroundingsTouched();
        return true;
    }

    /** Ends the stream, before it has begun, because there are too many. */
    final void turnAway(String reason) {
        admission.refusals().add(Refusal.TOO_MANY_STREAMS, peer.address(), reason);
        close();
        outlet.refuse(reason);
    }

    final Subscription subscription(Kind kind) {
        return subscriptions.computeIfAbsent(kind, Subscription::new);
    }

    /**
     * Begins to follow {@code name}.
     *
     * @param resumed whether the client said what it has of it; else it is told in any case
     * @return false if the stream was ended for it
     */
    final boolean subscribe(Subscription subscription, String name, boolean resumed) {
        int names = 0;
        for (Subscription each : subscriptions.values()) {
            names += each.nameCount();
        }
        Optional<String> excess = excess(names, name);
        if (excess.isPresent()) {
            LOG.warn("client {} at {}: {}; stream ended", client.id(), peer, excess.get());
            close();
            outlet.refuse(excess.get());
            return false;
        }
        if (resumed) {
            subscription.resume(name);
        } else {
            subscription.add(name);
        }
        subscribers.add(name, this);
        askedMore = true;
        return true;
    }

    private Optional<String> excess(int names, String name) {
        XdsLimits limits = limits();
        if (name.length() > limits.nameLength()) {
            return Optional.of("a resource name is longer than " + limits.nameLength() + " characters");
        }
        if (names >= limits.namesPerStream()) {
            return Optional.of("more than " + limits.namesPerStream() + " resource names on one stream");
        }
        if (subscribers.subscriptionCount() >= limits.names()) {
            return Optional.of("all clients together ask for more than " + limits.names() + " resource names");
        }
        return Optional.empty();
    }

    final void unsubscribe(Subscription subscription, String name) {
        subscription.remove(name);
        if (subscriptions.values().stream().noneMatch(each -> each.contains(name))) {
            subscribers.remove(name, this);
        }
    }

    final void subscribeToAll(Subscription subscription) {
        subscription.addAll(catalog.clusterNames());
        subscribers.addToAll(this);
        askedMore = true;
    }

    final void unsubscribeFromAll(Subscription subscription) {
        subscription.removeAll();
        if (subscriptions.values().stream().noneMatch(Subscription::isWildcard)) {
            subscribers.removeFromAll(this);
        }
    }

    /** The cluster that {@code name} leads to is another than before. */
    final void touched(String name, boolean cluster) {
        subscriptions.values().forEach(subscription -> {
            if (subscription.contains(name) || (cluster && subscription.isWildcard())) {
                subscription.changed(name);
            }
        });
    }

    /** What the client is told of itself may differ. */
    final void surroundingsTouched() {
        subscriptions.values().forEach(subscription -> {
            if (subscription.kind() == Kind.SELF) {
                subscription.names().forEach(subscription::changed);
            }
        });
    }

    /** Where the client runs, or its mode, may be another than before. */
    final void placeTouched() {
        surroundingsTouched();
        Subscription assignments = subscriptions.get(Kind.ENDPOINT);
        if (assignments != null) {
            assignments.names().forEach(assignments::changed); // Which endpoints are its own depends on where it is.
        }
    }

    /** Tells what is to be told, as far as the stream takes it. */
    final void flush() {
        owner.checkCurrent();
        if (!synced.getAsBoolean()) {
            return;
        }
        for (Kind kind : Kind.values()) {
            Subscription subscription = subscriptions.get(kind);
            if (subscription != null) {
                while (open && outlet.isReady() && sendOne(kind, subscription)) {
                    // Each response is bounded; the next one follows when the stream has room.
                }
            }
        }
    }

    final String nextNonce() {
        return Long.toString(++nonces);
    }

    final void told(Subscription subscription, Told told, int bytes) {
        subscription.ledger().told(told);
        metrics.pushed(subscription.kind(), bytes);
    }

    /** The client's answer to a response; a nonce that is not ours is a leftover of another stream and says nothing. */
    final void answered(Subscription subscription, String nonce, boolean refused, String reason) {
        if (nonce.isEmpty()) {
            return;
        }
        if (!refused) {
            subscription.ledger().accept(nonce).ifPresent(told -> acknowledged(told.changedNanos()));
            return;
        }
        subscription.ledger().refuse(nonce, reason).ifPresent(refusal -> {
            metrics.refused(subscription.kind());
            LOG.warn(
                    "client {} ({}) refused {} {}: {}; it goes on with what it had",
                    client.id(),
                    client.agent(),
                    subscription.kind().label(),
                    refusal.resources(),
                    reason);
        });
    }

    private void acknowledged(OptionalLong changedNanos) {
        if (changedNanos.isPresent()) {
            metrics.propagated(Duration.ofNanos(owner.nanoTime() - changedNanos.getAsLong()));
        }
    }

    /** When the oldest of the changes was heard that {@code names} are told for; empty if there are none. */
    final OptionalLong oldestChange(Set<String> names) {
        OptionalLong oldest = OptionalLong.empty();
        for (String name : names) {
            Optional<Long> changed = catalog.changedNanos(name);
            if (changed.isPresent() && (oldest.isEmpty() || changed.get() - oldest.getAsLong() < 0)) {
                oldest = OptionalLong.of(changed.get());
            }
        }
        return oldest;
    }

    /** Envoy warms a cluster that it is told again until it has heard of its endpoints again (envoy#13009). */
    final void repeatAssignments(List<String> clusters) {
        Subscription assignments = subscriptions.get(Kind.ENDPOINT);
        if (assignments != null && client.family() == Family.OTHER) {
            clusters.stream().filter(assignments::contains).forEach(assignments::force);
        }
    }

    /** Whether it has asked for more since the last call. */
    final boolean takeAskedMore() {
        boolean more = askedMore;
        askedMore = false;
        return more;
    }

    /** Whether the client may still call endpoints of {@code place} that left it by its generation. */
    final boolean owes(Place place) {
        if (!open) {
            return false; // What a client without a stream goes by is not ours to know.
        }
        return owes(Kind.SERVICE, place)
                || owes(Kind.ENDPOINT, place)
                || (endpointsGoWithCluster(place) && owes(Kind.CLUSTER, place));
    }

    private boolean owes(Kind kind, Place place) {
        Subscription subscription = subscriptions.get(kind);
        return subscription != null && subscription.owes(place);
    }

    /** Whether it takes the loss of the cluster to stop the client from calling its last endpoints. */
    private boolean endpointsGoWithCluster(Place place) {
        return client.family() == Family.GRPC_JAVA
                || !catalog.contains(place.cluster().value());
    }

    /** Forgets the stream. More than once is harmless. */
    final void close() {
        owner.checkCurrent();
        open = false;
        subscriptions
                .values()
                .forEach(subscription ->
                        List.copyOf(subscription.names()).forEach(name -> subscribers.remove(name, this)));
        subscribers.removeFromAll(this);
        subscriptions.clear();
    }

    final void goAway(String reason) {
        if (open) {
            close();
            outlet.goAway(reason);
        }
    }

    final ClientStatus status() {
        var types = new ArrayList<ClientStatus.Type>();
        int waiting = 0;
        for (Subscription subscription : subscriptions.values()) {
            types.add(subscription.ledger().status(subscription.kind(), subscription.nameCount()));
            waiting += subscription.dirtyCount();
        }
        Callers.Place place = catalog.place(client);
        return new ClientStatus(
                client.id(),
                client.namespace(),
                client.pod(),
                place.node(),
                place.zone(),
                client.agent(),
                peer.address(),
                peer.caller().map(Object::toString).orElse(""),
                protocol(),
                Duration.ofNanos(owner.nanoTime() - startedNanos).toSeconds(),
                waiting,
                types);
    }
}
