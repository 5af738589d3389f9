package dev.sidestep.control.ads;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.control.index.Callers;
import dev.sidestep.control.index.ClusterIndex;
import dev.sidestep.control.index.IndexListener;
import dev.sidestep.control.index.Item.NamespaceItem;
import dev.sidestep.control.index.Item.NodeItem;
import dev.sidestep.control.index.Item.PodItem;
import dev.sidestep.control.index.WorkloadListener;
import dev.sidestep.model.ClusterName;
import dev.sidestep.xds.AdsMethods;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All streams, and what each asks for. Confined to {@code owner}, the index's, but for {@link #service}.
 */
public final class AdsServer implements IndexListener, WorkloadListener {
    private static final Logger LOG = LoggerFactory.getLogger(AdsServer.class);

    /** How long changes of what clients are told of themselves are collected: they concern all streams at once. */
    private static final Duration SURROUNDINGS_WINDOW = Duration.ofMillis(200);

    private final SerialExecutor owner;
    private final AdsMetrics metrics;
    private final Catalog catalog;
    private final Subscribers subscribers = new Subscribers();
    private final SessionContext context;
    private final Acknowledgements acknowledgements;
    private final Set<Session> sessions = new LinkedHashSet<>();
    private final Map<String, Integer> streamsByClient = new HashMap<>();
    private final Admission admission;
    private boolean synced;
    private boolean draining;
    private boolean surroundingsPending;
    private long surroundingsQuietUntilNanos;

    public AdsServer(
            SerialExecutor owner,
            ClusterIndex index,
            Callers callers,
            Mesh mesh,
            Admission admission,
            MeterRegistry registry) {
        this.owner = owner;
        this.metrics = new AdsMetrics(registry);
        this.catalog = new Catalog(index, callers, mesh);
        this.admission = admission;
        this.context = new SessionContext(owner, catalog, subscribers, metrics, admission, () -> synced);
        this.acknowledgements = new Acknowledgements(owner, sessions);
        this.surroundingsQuietUntilNanos = owner.nanoTime();
    }

    /** What a gRPC server has to offer for it. */
    public ServerServiceDefinition service() {
        return ServerServiceDefinition.builder(ServiceDescriptor.newBuilder(AdsMethods.SERVICE)
                        .addMethod(AdsMethods.SERVE_DELTA)
                        .addMethod(AdsMethods.SERVE_STATE_OF_THE_WORLD)
                        .build())
                .addMethod(AdsMethods.SERVE_DELTA, new CallHandler<>(this, (outlet, peer) -> {
                    var session = new DeltaSession(context, outlet, peer);
                    return new CallHandler.Stream<>(session, session::onRequest);
                }))
                .addMethod(AdsMethods.SERVE_STATE_OF_THE_WORLD, new CallHandler<>(this, (outlet, peer) -> {
                    var session = new StateOfTheWorldSession(context, outlet, peer);
                    return new CallHandler.Stream<>(session, session::onRequest);
                }))
                .build();
    }

    SerialExecutor owner() {
        return owner;
    }

    XdsLimits limits() {
        return admission.limits();
    }

    /** Who has acknowledged what. */
    public Acknowledgements acknowledgements() {
        return acknowledgements;
    }

    /** A number that grows with each change of the index, for {@link Place#generation}. */
    public long generation() {
        owner.checkCurrent();
        return catalog.generation();
    }

    SessionContext context() {
        return context;
    }

    void opened(Session session) {
        owner.checkCurrent();
        String client = session.peer().client();
        int others = streamsByClient.getOrDefault(client, 0);
        if (sessions.size() >= limits().streams()) {
            session.turnAway("there are " + limits().streams() + " streams already; more replicas can have more");
            return;
        }
        if (!client.isEmpty() && others >= limits().streamsPerClient()) {
            session.turnAway(client + " has " + others + " streams already, which is the most one client may have");
            return;
        }
        sessions.add(session);
        streamsByClient.put(client, others + 1);
        metrics.opened(session);
        if (draining) {
            session.goAway("the control plane is shutting down");
        }
    }

    void closed(Session session) {
        owner.checkCurrent();
        session.close();
        if (sessions.remove(session)) {
            streamsByClient.computeIfPresent(session.peer().client(), (client, count) -> count == 1 ? null : count - 1);
            metrics.closed(session);
        }
        acknowledgements.reconsider(session);
    }

    /** The index holds all that there is: from now on streams are answered. */
    public void onSynced() {
        owner.checkCurrent();
        synced = true;
        catalog.surroundingsTouched();
        List.copyOf(sessions).forEach(this::flush);
    }

    private void flush(Session session) {
        guard(session, session::flush);
    }

    /** Does something for one stream. If it fails, that stream ends, and no other one hears of it. */
    void guard(Session session, Runnable step) {
        try {
            step.run();
        } catch (RuntimeException e) {
            LOG.error("stream of client {} failed; it is ended", session.client(), e);
            session.goAway("internal error; the control plane's log tells more");
        }
        acknowledgements.reconsider(session);
    }

    @Override
    public void onTouched(Touched touched) {
        owner.checkCurrent();
        catalog.nextGeneration();
        var concerned = new LinkedHashSet<Session>();
        var names = new LinkedHashSet<>(touched.names());
        touched.nodePorts().forEach(port -> names.addAll(subscribers.addressesWithPort(port)));
        for (String name : names) {
            catalog.touched(name);
            boolean cluster = ClusterName.parse(name).isPresent();
            var following = new LinkedHashSet<>(subscribers.of(name));
            if (cluster) {
                following.addAll(subscribers.ofAll());
            }
            following.forEach(session -> session.touched(name, cluster));
            concerned.addAll(following);
        }
        concerned.forEach(this::flush);
        if (touched.surroundings()) {
            tellSurroundingsSoon();
        }
    }

    @Override
    public void onPod(Optional<PodItem> before, Optional<PodItem> after) {
        owner.checkCurrent();
        if (after.isPresent()
                && (differ(before, after, PodItem::node) || differ(before, after, PodItem::annotations))) {
            PodItem pod = after.get();
            tellThemselves(client ->
                    client.pod().equals(pod.name()) && client.namespace().equals(pod.namespace()));
        }
    }

    @Override
    public void onNamespace(Optional<NamespaceItem> before, Optional<NamespaceItem> after) {
        owner.checkCurrent();
        String name = after.or(() -> before).orElseThrow().key().name();
        tellThemselves(client -> client.namespace().equals(name));
    }

    @Override
    public void onNode(Optional<NodeItem> before, Optional<NodeItem> after) {
        owner.checkCurrent();
        if (differ(before, after, NodeItem::zone) || differ(before, after, NodeItem::region)) {
            String name = after.or(() -> before).orElseThrow().name();
            tellThemselves(client -> catalog.nodeOf(client).equals(name));
        }
    }

    private static <T> boolean differ(Optional<T> before, Optional<T> after, Function<T, Object> part) {
        return !before.map(part).equals(after.map(part));
    }

    /** At once: these are few, and somebody may wait for a mode to hold. */
    private void tellThemselves(Predicate<ClientNode> whom) {
        for (Session session : List.copyOf(sessions)) {
            if (whom.test(session.client())) {
                session.placeTouched();
                flush(session);
            }
        }
    }

    private void tellSurroundingsSoon() {
        if (surroundingsPending) {
            return;
        }
        long wait = surroundingsQuietUntilNanos - owner.nanoTime();
        if (wait <= 0) {
            tellSurroundings();
        } else {
            surroundingsPending = true;
            owner.schedule(Duration.ofNanos(wait), this::tellSurroundings);
        }
    }

    private void tellSurroundings() {
        surroundingsPending = false;
        surroundingsQuietUntilNanos = owner.nanoTime() + SURROUNDINGS_WINDOW.toNanos();
        catalog.surroundingsTouched();
        for (Session session : List.copyOf(sessions)) {
            session.surroundingsTouched();
            flush(session);
        }
    }

    /** From now on clients are told that this is what they have to trust; those that are connected, at once. */
    public void trust(String bundle) {
        owner.checkCurrent();
        catalog.trust(bundle);
        tellSurroundings();
    }

    /** Sends everybody away; they come back, to whoever answers then. */
    public void drain() {
        owner.checkCurrent();
        draining = true;
        List.copyOf(sessions).forEach(session -> session.goAway("the control plane is shutting down"));
    }

    /** Every stream, as it is now. */
    public List<ClientStatus> clients() {
        owner.checkCurrent();
        return sessions.stream().map(Session::status).toList();
    }

    /** How many names somebody asks for. */
    public int nameCount() {
        owner.checkCurrent();
        return subscribers.nameCount();
    }
}
