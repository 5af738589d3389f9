package dev.sidestep.agent;

import dev.sidestep.agent.boot.GrpcTarget;
import dev.sidestep.balancing.Destination;
import dev.sidestep.balancing.Outcome;
import dev.sidestep.balancing.PickResult;
import dev.sidestep.balancing.Reason;
import dev.sidestep.balancing.Subchannel;
import dev.sidestep.load.EndpointLoad;
import dev.sidestep.model.TrafficPolicy;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** What a gRPC channel asks the engine. Any thread. */
final class EngineGrpcTarget implements GrpcTarget {
    private static final int HTTP_OK = 200; // Of every gRPC response that gRPC itself made.
    private static final int UNAVAILABLE = 14;
    private static final int LAST_CODE = 16;

    private final Destination destination;
    private final String called;
    private final Engine engine;
    /** Those that are picked; swept by the picks themselves, when many have gone. */
    private final Map<Subchannel, EngineEndpoint> endpoints = new ConcurrentHashMap<>();

    private volatile boolean late;
    private volatile @Nullable KnownRetries retries;

    /** Made anew when the policy changes. */
    private record KnownRetries(TrafficPolicy.Retry policy, Retries retries) {}

    /** @param called {@code host:port} as the application wrote it */
    EngineGrpcTarget(Destination destination, String called, Engine engine) {
        this.destination = destination;
        this.called = called;
        this.engine = engine;
    }

    @Override
    public @Nullable Choice pick(List<Endpoint> tried) {
        PickResult result = tried.isEmpty() ? destination.pick() : destination.pickAnother(subchannels(tried));
        if (result instanceof Subchannel subchannel) {
            EngineEndpoint known = endpoints.get(subchannel);
            if (known != null) {
                return known;
            }
            if (!destination.mayConnect()) {
                engine.countFallback(Reason.STALE);
                return null;
            }
            endpoints.keySet().removeIf(Subchannel::draining);
            return endpoints.computeIfAbsent(subchannel, unknown -> new EngineEndpoint(unknown, destination, engine));
        }
        if (result != PickResult.Pending.PENDING) {
            return null;
        }
        if (late) {
            engine.countFallback(Reason.PENDING);
            return null;
        }
        return Pending.PENDING;
    }

    private static List<Subchannel> subchannels(List<Endpoint> tried) {
        List<Subchannel> subchannels = new ArrayList<>(tried.size());
        for (Endpoint endpoint : tried) {
            subchannels.add(((EngineEndpoint) endpoint).subchannel);
        }
        return subchannels;
    }

    @Override
    @SuppressWarnings("ReferenceEquality") // One and the same until the policy changes, and cheaper to tell so.
    public Retries retries() {
        if (destination.peek() != null) {
            return Retries.NONE; // Not balanced, so as without Sidestep.
        }
        TrafficPolicy.Retry policy = destination.policy().retry();
        KnownRetries known = retries;
        if (known == null || known.policy() != policy) {
            known = new KnownRetries(policy, retriesOf(policy));
            retries = known;
        }
        return known.retries();
    }

    private static Retries retriesOf(TrafficPolicy.Retry policy) {
        Set<Integer> codes = new HashSet<>();
        for (int code = 1; code <= LAST_CODE; code++) {
            if (policy.onAnswer(HTTP_OK, code)) {
                codes.add(code);
            }
        }
        if (policy.onLoss(false, false)) {
            codes.add(UNAVAILABLE); // Which is also what the client makes of a connection that is lost.
        }
        return codes.isEmpty() || policy.attempts() == 0 ? Retries.NONE : new Retries(policy.attempts() + 1, codes);
    }

    @Override
    public boolean mayRetry(int code, boolean lost, int attempts, List<Endpoint> tried) {
        if (!destination.hasAnother(subchannels(tried))) {
            return false;
        }
        return (lost && destination.policy().retry().onLoss(false, false))
                ? destination.mayRetry(false, false, attempts)
                : destination.mayRetryAnswer(HTTP_OK, code, attempts);
    }

    @Override
    public long timeoutNanos() {
        return destination.peek() != null
                ? 0
                : destination.policy().requestTimeout().map(Duration::toNanos).orElse(0L);
    }

    @Override
    public void onAnswer(Runnable task) {
        AtomicBoolean done = new AtomicBoolean();
        Runnable once = () -> {
            if (done.compareAndSet(false, true)) {
                task.run();
            }
        };
        destination.onAnswer(() -> {
            late = false;
            once.run();
        });
        engine.schedule(Engine.FIRST_ANSWER, () -> {
            if (!done.get()) {
                late = true;
                once.run();
            }
        });
    }

    @Override
    public String service() {
        return destination.cluster().map(cluster -> cluster.name().value()).orElse(called);
    }

    @Override
    public boolean observes() {
        return destination.peek() == PickResult.PassThrough.MODE_OBSERVE
                && destination.load().counts();
    }

    @Override
    public @Nullable Observed observed() {
        return observes() ? new EngineObserved() : null;
    }

    /** Used by one thread at a time, but for its end. */
    private final class EngineObserved implements Observed {
        private final AtomicBoolean over = new AtomicBoolean();
        private volatile EndpointLoad load = destination.load().endpoint("");
        private volatile boolean counted;

        @Override
        public void goesOver(Object connection, @Nullable SocketAddress remote) {
            engine.connections().call(connection, destination.load());
            if (remote instanceof InetSocketAddress address) {
                load = destination.loadOf(address);
            }
            counted = true;
            load.started();
        }

        @Override
        public void ended(int code, boolean responded, long nanos) {
            if (over.compareAndSet(false, true)) {
                if (!counted) {
                    load.started();
                }
                load.ended(EngineEndpoint.outcome(code, responded).end(), nanos);
            }
        }
    }

    private static final class EngineEndpoint implements Endpoint {
        private static final int CANCELLED = 1;
        private static final int UNKNOWN = 2;
        private static final int DEADLINE_EXCEEDED = 4;
        private static final int INTERNAL = 13;
        private static final int DATA_LOSS = 15;

        private final Subchannel subchannel;
        private final Destination destination;
        private volatile EndpointLoad load;
        private final Engine engine;

        EngineEndpoint(Subchannel subchannel, Destination destination, Engine engine) {
            this.subchannel = subchannel;
            this.destination = destination;
            this.load = destination.load().endpoint(subchannel.toString());
            this.engine = engine;
        }

        @Override
        public InetSocketAddress address() {
            return subchannel.address();
        }

        @Override
        public boolean draining() {
            return subchannel.draining();
        }

        @Override
        public void started() {
            subchannel.started(engine.nanoTime());
            load().started();
        }

        /** The same for an attempt's begin and end: one that is under way is not forgotten. */
        private EndpointLoad load() {
            EndpointLoad known = load;
            if (known.isDropped()) {
                known = destination.load().endpoint(subchannel.toString());
                load = known;
            }
            return known;
        }

        @Override
        public void responded() {
            subchannel.firstByte(engine.nanoTime());
        }

        @Override
        public void ended(int code, boolean responded, long nanos) {
            Outcome outcome = outcome(code, responded);
            subchannel.ended(outcome, responded, nanos);
            load().ended(outcome.end(), nanos);
        }

        /** The codes that gRPC's own HTTP mapping and Envoy's outlier detection count as a server's fault. */
        private static Outcome outcome(int code, boolean responded) {
            return switch (code) {
                case UNAVAILABLE -> responded ? Outcome.SERVER_ERROR : Outcome.RESET;
                case UNKNOWN, INTERNAL, DATA_LOSS -> Outcome.SERVER_ERROR;
                // gRPC's own retries cancel an attempt whose deadline is over. The engine asks how long it waited.
                case CANCELLED, DEADLINE_EXCEEDED -> responded ? Outcome.SUCCESS : Outcome.TIMEOUT;
                default -> responded ? Outcome.SUCCESS : Outcome.NEUTRAL;
            };
        }

        @Override
        public void connectFailed() {
            failed(Outcome.CONNECT_FAILED, 0);
        }

        @Override
        public void connectTimedOut() {
            failed(Outcome.CONNECT_TIMEOUT, connectTimeoutNanos());
        }

        @Override
        public long connectTimeoutNanos() {
            return destination.policy().connectTimeout().toNanos();
        }

        private void failed(Outcome outcome, long nanos) {
            subchannel.started(engine.nanoTime());
            subchannel.ended(outcome, false, nanos);
            load().started();
            load().ended(outcome.end(), nanos);
        }

        @Override
        public String toString() {
            return subchannel.toString();
        }
    }
}
