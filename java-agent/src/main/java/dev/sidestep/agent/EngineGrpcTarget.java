package dev.sidestep.agent;

import dev.sidestep.agent.boot.GrpcTarget;
import dev.sidestep.balancing.Destination;
import dev.sidestep.balancing.Outcome;
import dev.sidestep.balancing.PickResult;
import dev.sidestep.balancing.Reason;
import dev.sidestep.balancing.Subchannel;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** What a gRPC channel asks the engine. Any thread. */
final class EngineGrpcTarget implements GrpcTarget {
    private final Destination destination;
    private final String called;
    private final Engine engine;
    /** Those that are picked; swept by the picks themselves, when many have gone. */
    private final Map<Subchannel, EngineEndpoint> endpoints = new ConcurrentHashMap<>();

    private volatile boolean late;

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
            return endpoints.computeIfAbsent(subchannel, unknown -> new EngineEndpoint(unknown, engine));
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

    private static final class EngineEndpoint implements Endpoint {
        private static final int CANCELLED = 1;
        private static final int UNKNOWN = 2;
        private static final int DEADLINE_EXCEEDED = 4;
        private static final int INTERNAL = 13;
        private static final int UNAVAILABLE = 14;
        private static final int DATA_LOSS = 15;

        private final Subchannel subchannel;
        private final Engine engine;

        EngineEndpoint(Subchannel subchannel, Engine engine) {
            this.subchannel = subchannel;
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
        }

        @Override
        public void responded() {
            subchannel.firstByte(engine.nanoTime());
        }

        @Override
        public void ended(int code, boolean responded, long nanos) {
            subchannel.ended(outcome(code, responded), responded, nanos);
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
            subchannel.started(engine.nanoTime());
            subchannel.ended(Outcome.CONNECT_FAILED, false, Duration.ZERO.toNanos());
        }

        @Override
        public String toString() {
            return subchannel.toString();
        }
    }
}
