package dev.sidestep.control.ads;

import dev.sidestep.xds.EncodedResource;
import dev.sidestep.xds.Frame;
import dev.sidestep.xds.ResourceType;
import dev.sidestep.xds.StandardEncoder;
import dev.sidestep.xds.StandardEncoder.Client;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryRequest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A stream of the incremental variant: our own data planes, and Envoy. Confined to the index's owner. */
final class DeltaSession extends Session {
    private static final String ALL = "*";

    DeltaSession(SessionContext context, Outlet outlet, Peer peer) {
        super(context, outlet, peer);
    }

    @Override
    String protocol() {
        return "delta";
    }

    void onRequest(DeltaDiscoveryRequest request) {
        owner.checkCurrent();
        Optional<Kind> kind = Kind.of(request.getTypeUrl());
        if (!isOpen() || !introduce(request.hasNode(), request.getNode())) {
            return;
        }
        if (kind.isEmpty()) {
            return; // A newer client asks for more than there is. It goes without, and keeps the rest.
        }
        Subscription subscription = subscription(kind.get());
        answered(
                subscription,
                request.getResponseNonce(),
                request.hasErrorDetail(),
                request.getErrorDetail().getMessage());
        boolean first = subscription.begin();
        if (first) {
            request.getInitialResourceVersionsMap().entrySet().stream()
                    .limit(limits().namesPerStream())
                    .forEach(entry -> subscription.ledger().has(entry.getKey(), entry.getValue()));
        }
        if (!change(subscription, request, first)) {
            return;
        }
        if (kind.get() == Kind.SERVICE && subscription(Kind.SELF).begin()) {
            // Names mean nothing to a data plane that does not know its namespace: it is told that first, asked or not.
            subscribe(subscription(Kind.SELF), ResourceType.SELF_NAME, false);
        }
        flush();
    }

    /** False if the stream was ended. */
    private boolean change(Subscription subscription, DeltaDiscoveryRequest request, boolean first) {
        for (String name : request.getResourceNamesUnsubscribeList()) {
            if (name.equals(ALL)) {
                unsubscribeFromAll(subscription);
            } else {
                unsubscribe(subscription, name);
            }
        }
        boolean all = first && request.getResourceNamesSubscribeCount() == 0;
        boolean resumed = first && request.getInitialResourceVersionsCount() > 0;
        for (String name : request.getResourceNamesSubscribeList()) {
            if (name.equals(ALL)) {
                all = true;
            } else if (!subscribe(subscription, name, resumed)) {
                return false;
            }
        }
        if (all && subscription.kind().hasWildcard()) {
            subscribeToAll(subscription);
            // Of what the client has, some may be gone.
            request.getInitialResourceVersionsMap().keySet().forEach(subscription::changed);
        } else if (all) {
            subscription.owe();
        }
        if (resumed && subscription.kind() == Kind.SERVICE) {
            subscription.oweEnd();
        }
        return true;
    }

    @Override
    boolean sendOne(Kind kind, Subscription subscription) {
        return sendNews(kind, subscription) || sendEnd(kind, subscription);
    }

    /**
     * To one of our data planes that comes back with what it had: all that is new was told. Delta xDS has no word for that,
     * since nothing is said of what is as it was; a response that names nothing is ours.
     */
    private boolean sendEnd(Kind kind, Subscription subscription) {
        if (!subscription.isEndOwed() || !subscription.dirty().isEmpty()) {
            return false;
        }
        subscription.endPaid();
        subscription.owe();
        return new Response(kind, subscription).send();
    }

    private boolean sendNews(Kind kind, Subscription subscription) {
        List<String> dirty = subscription.dirty();
        if (dirty.isEmpty() && !subscription.isOwed()) {
            return false;
        }
        var response = new Response(kind, subscription);
        Map<String, EncodedResource> present = new LinkedHashMap<>();
        for (String name : dirty) { // Removals first: they are small, and nobody should call what is gone.
            render(kind, name).ifPresentOrElse(found -> present.put(name, found), () -> response.remove(name));
        }
        for (Map.Entry<String, EncodedResource> entry : present.entrySet()) {
            if (response.bytes >= MOST_BYTES) {
                break;
            }
            response.put(entry.getKey(), entry.getValue());
        }
        return response.send();
    }

    private Optional<EncodedResource> render(Kind kind, String name) {
        Client words = client().family().isGrpc() ? Client.GRPC : Client.ENVOY;
        return switch (kind) {
            case SELF -> name.equals(ResourceType.SELF_NAME) ? Optional.of(catalog.self(client())) : Optional.empty();
            case SERVICE -> catalog.service(name);
            case CLUSTER -> catalog.cluster(name, words);
            case ENDPOINT -> catalog.assignment(name, client());
            case LISTENER -> catalog.policy(name).map(found -> StandardEncoder.listenerTo(name, name, found, words));
            case ROUTE -> catalog.policy(name).map(found -> StandardEncoder.route(name, name, found, words));
        };
    }

    /** One response while it is put together. */
    private final class Response {
        private final Kind kind;
        private final Subscription subscription;
        private final Map<String, EncodedResource> resources = new LinkedHashMap<>();
        private final List<String> removed = new ArrayList<>();
        private final Set<String> news = new HashSet<>();
        private final List<Told.Item> items = new ArrayList<>();
        private long bytes;

        Response(Kind kind, Subscription subscription) {
            this.kind = kind;
            this.subscription = subscription;
        }

        void remove(String name) {
            // Of what a client gets unasked, with all, it is told only that is gone that it had.
            boolean tell = subscription.contains(name)
                    ? subscription.isForced(name) || !subscription.isToldAbsent(name)
                    : subscription
                            .ledger()
                            .sentVersion(name)
                            .filter(version -> !version.isEmpty())
                            .isPresent();
            if (tell) {
                removed.add(name);
                items.add(new Told.Item(name, ""));
                note(name);
            }
            subscription.answer(name, "");
            subscription.clean(name);
        }

        void put(String name, EncodedResource resource) {
            boolean known = subscription
                    .ledger()
                    .sentVersion(resource.name())
                    .filter(resource.version()::equals)
                    .isPresent();
            if ((subscription.isForced(name) || !known) && resources.put(resource.name(), resource) == null) {
                items.add(new Told.Item(resource.name(), resource.version()));
                bytes += resource.size();
                note(name);
            }
            subscription.answer(name, resource.name());
            subscription.clean(name);
        }

        private void note(String name) {
            if (subscription.wasChanged(name)) {
                news.add(name);
            }
        }

        boolean send() {
            if (resources.isEmpty() && removed.isEmpty() && !subscription.isOwed()) {
                return false;
            }
            String nonce = nextNonce();
            List<Frame.Named> named = resources.values().stream()
                    .map(resource -> new Frame.Named(resource, subscription.aliases(resource.name())))
                    .toList();
            Frame frame = Frame.delta(kind.typeUrl(), nonce, named, removed);
            told(subscription, new Told(nonce, items, oldestChange(news), catalog.generation()), frame.size());
            subscription.paid();
            outlet.send(frame);
            if (kind == Kind.CLUSTER) {
                repeatAssignments(List.copyOf(resources.keySet()));
            }
            return true;
        }
    }
}
