package dev.sidestep.balancing;

import dev.sidestep.concurrent.SerialExecutor;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/**
 * What can be counted of a load balancer. The counts are kept anyway and read when a registry asks: calls pay nothing for
 * being measured. Written by the owner, read by any thread.
 */
final class BalancerMetrics {
    private static final long COUNT_NANOS = Duration.ofSeconds(1).toNanos();

    private final SerialExecutor owner;
    private final LongAdder retries = new LongAdder();
    private volatile Map<Status.EndpointState, Integer> endpoints = Map.of();
    private volatile boolean connected;
    private volatile long lastConnectedNanos;
    private long lastCountNanos;

    BalancerMetrics(SerialExecutor owner) {
        this.owner = owner;
        lastConnectedNanos = owner.nanoTime();
        lastCountNanos = lastConnectedNanos - COUNT_NANOS;
    }

    /** Retries granted. */
    LongAdder retries() {
        return retries;
    }

    void setConnected(boolean isConnected) {
        connected = isConnected;
        lastConnectedNanos = owner.nanoTime();
    }

    /** Counts the endpoints anew, once a second. */
    void count(Iterable<LiveCluster> clusters) {
        long now = owner.nanoTime();
        if (now - lastCountNanos < COUNT_NANOS) {
            return;
        }
        lastCountNanos = now;
        Map<Status.EndpointState, Integer> counts = new EnumMap<>(Status.EndpointState.class);
        clusters.forEach(cluster -> cluster.countStates(counts));
        endpoints = Map.copyOf(counts);
    }

    void bindTo(MeterRegistry registry, Fallbacks fallbacks, LongAdder ejections) {
        for (Status.EndpointState state : Status.EndpointState.values()) {
            Gauge.builder("sidestep.endpoints", this, it -> it.endpoints.getOrDefault(state, 0))
                    .description("Endpoints known, by what stands between them and a call")
                    .tag("state", state.name().toLowerCase(Locale.ROOT))
                    .register(registry);
        }
        for (Reason reason : Reason.values()) {
            if (reason.isFallback()) {
                FunctionCounter.builder("sidestep.fallbacks", fallbacks.count(reason), LongAdder::sum)
                        .description("Calls that went where they were going, by reason")
                        .tag("reason", reason.name())
                        .register(registry);
            }
        }
        FunctionCounter.builder("sidestep.ejections", ejections, LongAdder::sum)
                .description("Times an endpoint was left alone because it failed")
                .register(registry);
        FunctionCounter.builder("sidestep.retries", retries, LongAdder::sum)
                .description("Attempts that were made again")
                .register(registry);
        Gauge.builder("sidestep.config.age", this, BalancerMetrics::configAgeSeconds)
                .description("Time since what is known was last known to hold; 0 while a control plane is connected")
                .baseUnit("seconds")
                .register(registry);
    }

    private double configAgeSeconds() {
        return connected ? 0 : (owner.nanoTime() - lastConnectedNanos) / 1e9;
    }
}
