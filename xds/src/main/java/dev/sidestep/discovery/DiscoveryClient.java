package dev.sidestep.discovery;

import dev.sidestep.balancing.Discovery;
import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.xds.ResourceType;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryResponse;
import io.grpc.ManagedChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the control plane by incremental xDS for the names that are looked up, on one stream that it keeps open.
 *
 * <p>The main makes the channel and shuts it down after {@link #stop}. It has to set on it: {@code keepAliveTime} (10 s)
 * and {@code keepAliveTimeout} (5 s), because a peer that vanished without a word is noticed by nothing else; {@code
 * maxInboundMessageSize} (16 MiB), because one answer may hold many Services; its credentials.
 *
 * <p>Confined to {@code owner}, the load balancer's, except where it is said.
 */
public final class DiscoveryClient implements Discovery {
    private static final Logger LOG = LoggerFactory.getLogger(DiscoveryClient.class);

    /** A server that takes longer to say who we are is as good as none; another replica may do better. */
    private static final Duration FIRST_ANSWER = Duration.ofSeconds(30);

    /** How long the next answer waits behind one that is refused again and again. */
    private static final Duration AFTER_REPETITION = Duration.ofMillis(100);

    private final Identity identity;
    private final ManagedChannel channel;
    private final SerialExecutor owner;
    private final Watcher watcher;
    private final Attempts attempts;
    private final Optional<Snapshots> snapshots;
    private final Services services = new Services();
    private final Answers answers;
    private final Refusals refusals;
    private final Map<String, DiscoveryStatus.Type> types = new TreeMap<>();

    /** Names to tell the server about at the end of this turn: all that are asked for in one turn are one request. */
    private final Set<String> changed = new LinkedHashSet<>();

    private @Nullable AdsStream stream; // null while waiting for the next attempt
    private SerialExecutor.Cancellable firstAnswer = () -> {};
    private boolean connected;

    /** What is known is of an earlier stream, and may not hold: an address may be another pod's by now. */
    private boolean resuming;

    private long connectedAtNanos;
    private String lastError = "";
    private Consumer<String> caBundles = bundle -> {};

    /**
     * Acts only after {@link #start}.
     *
     * @param random from 0 to below 1, to spread reconnecting clients
     * @param snapshot where to keep what was learned; empty: nowhere
     */
    public DiscoveryClient(
            Identity identity,
            ManagedChannel channel,
            SerialExecutor owner,
            Watcher watcher,
            DoubleSupplier random,
            Optional<SnapshotStore> snapshot) {
        this.identity = identity;
        this.channel = channel;
        this.owner = owner;
        this.watcher = watcher;
        this.attempts = new Attempts(channel, owner, random, this::open);
        this.snapshots = snapshot.map(store -> new Snapshots(store, owner, identity.namespace(), services));
        this.answers = new Answers(services, snapshots, bundle -> caBundles.accept(bundle));
        this.refusals = new Refusals(owner);
    }

    /**
     * Tells {@code listener} which CAs the control plane says to trust, in PEM, each time that it says something of it; on the
     * owner. Before {@link #start}.
     */
    public void listenForCaBundles(Consumer<String> listener) {
        caBundles = listener;
    }

    /** Reads the snapshot and connects. Once, from any thread; returns at once. */
    public void start() {
        owner.execute(() -> {
            snapshots.flatMap(Snapshots::start).ifPresent(watcher::onSelf);
            services.asked().forEach(this::tellFromDisk);
            attempts.begin();
        });
    }

    /** Ends the stream and tells nothing more. Any thread. */
    public void stop() {
        owner.execute(() -> {
            attempts.cancel();
            firstAnswer.cancel();
            refusals.streamClosed();
            if (stream != null) {
                stream.cancel("stopped");
                stream = null;
            }
            snapshots.ifPresent(Snapshots::stop);
        });
    }

    @Override
    public void subscribe(String name) {
        owner.checkCurrent();
        if (services.ask(name)) {
            changed(name);
            owner.execute(() -> tellFromDisk(name));
        }
    }

    @Override
    public void unsubscribe(String name) {
        owner.checkCurrent();
        if (services.drop(name)) {
            changed(name);
        }
    }

    /** How it is doing now. Any thread. */
    public CompletableFuture<DiscoveryStatus> status() {
        var status = new CompletableFuture<DiscoveryStatus>();
        owner.execute(() -> {
            List<DiscoveryStatus.Resource> resources = new ArrayList<>();
            services.known()
                    .forEach((name, known) -> resources.add(new DiscoveryStatus.Resource(
                            name,
                            known.version(),
                            services.names(name),
                            known.heldAt().flatMap(heldAt -> snapshots.map(it -> it.age(heldAt))))));
            List<String> unanswered = new ArrayList<>(services.asked());
            unanswered.removeIf(services::isAnswered);
            Optional<Duration> connectedFor =
                    connected ? Optional.of(Duration.ofNanos(owner.nanoTime() - connectedAtNanos)) : Optional.empty();
            status.complete(
                    new DiscoveryStatus(connectedFor, attempts.count(), lastError, types, resources, unanswered));
        });
        return status;
    }

    private void changed(String name) {
        if (changed.isEmpty()) {
            owner.execute(this::flush);
        }
        changed.add(name);
    }

    private void flush() {
        List<String> names = List.copyOf(changed);
        changed.clear();
        services.forgetUnasked(names);
        if (stream != null) {
            stream.update(names, services::isAsked);
        }
    }

    private void tellFromDisk(String name) {
        if (snapshots.isEmpty() || !services.isAsked(name) || services.isAnswered(name)) {
            return;
        }
        snapshots.get().left(name).ifPresent(known -> {
            String resource = known.cluster().name().value();
            Services.Known current = services.known(resource);
            // A resource that came on a stream knows better, and the server is about to say what the name means.
            if (current == null || current.heldAt().isPresent()) {
                services.put(resource, List.of(name), known);
                watcher.onCluster(
                        name,
                        known.cluster(),
                        snapshots.get().age(known.heldAt().orElseThrow()));
            }
        });
    }

    private void open() {
        var opened = new AdsStream(channel, owner, new Responses());
        stream = opened;
        opened.start(identity.message());
        List<String> answered = services.answeredByStream();
        resuming = !answered.isEmpty();
        if (resuming) {
            opened.resume(answered, services.versions());
        }
        // The others in a request of their own: beside versions, a new name for a known resource would get no answer.
        opened.update(services.asked(), services::isAsked);
        firstAnswer = owner.schedule(
                FIRST_ANSWER, () -> opened.cancel("no answer within " + FIRST_ANSWER.toSeconds() + " s"));
    }

    private void onClosed(String reason) {
        stream = null;
        firstAnswer.cancel();
        refusals.streamClosed();
        lastError = reason;
        if (connected) {
            connected = false;
            snapshots.ifPresent(Snapshots::disconnected);
            LOG.info("control plane lost: {}", reason);
            watcher.onDisconnected();
        } else if (attempts.count() == 1) {
            LOG.warn("control plane not reached: {}; calls go where they were going until it is", reason);
        }
        attempts.again();
    }

    private void onResponse(AdsStream from, DeltaDiscoveryResponse response) {
        Answers.Outcome outcome = answers.apply(response);
        // A type that was not asked for is one kind of mistake, however many there are of them.
        String typeUrl = Answers.isAskedFor(response.getTypeUrl()) ? response.getTypeUrl() : "other";
        DiscoveryStatus.Type type = types.getOrDefault(typeUrl, DiscoveryStatus.Type.NONE);
        try {
            // First of all: pods end when all have acknowledged that they leave, so no call may go by an older list
            // then.
            outcome.told().forEach(it -> it.accept(watcher));
        } finally {
            answer(from, response, outcome.refusal(), typeUrl, type);
        }
        if (response.getTypeUrl().equals(ResourceType.SERVICE) && Answers.isEmpty(response)) {
            resuming = false; // The server has told all that changed meanwhile.
        }
        if (!connected && !resuming && outcome.refusal().isEmpty()) {
            onConnected();
        }
    }

    private void answer(
            AdsStream from,
            DeltaDiscoveryResponse response,
            String refusal,
            String typeUrl,
            DiscoveryStatus.Type type) {
        if (refusal.isEmpty()) {
            types.put(typeUrl, type.accept(response.getNonce()));
            from.accept(response);
            from.next();
        } else {
            types.put(typeUrl, type.refuse(response.getNonce(), refusal));
            if (refusals.refuse(from, response, refusal)) {
                owner.schedule(AFTER_REPETITION, from::next);
            } else {
                LOG.warn("refused: {}; the last good version stays in use", refusal);
                from.next();
            }
        }
    }

    private void onConnected() {
        connected = true;
        connectedAtNanos = owner.nanoTime();
        LOG.info("control plane connected{}", attempts.count() > 1 ? " after " + attempts.count() + " attempts" : "");
        attempts.succeeded();
        lastError = "";
        firstAnswer.cancel();
        snapshots.ifPresent(Snapshots::connected);
        watcher.onConnected();
    }

    /** gRPC may still call back for a stream that is over. */
    private final class Responses implements AdsStream.Listener {
        @Override
        public void onResponse(AdsStream from, DeltaDiscoveryResponse response) {
            if (from == stream) {
                DiscoveryClient.this.onResponse(from, response);
            }
        }

        @Override
        public void onClosed(AdsStream from, String reason) {
            if (from == stream) {
                DiscoveryClient.this.onClosed(reason);
            }
        }
    }
}
