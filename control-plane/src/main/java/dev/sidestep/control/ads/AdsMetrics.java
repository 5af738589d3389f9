package dev.sidestep.control.ads;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;

/** What is counted of streams. */
final class AdsMetrics {
    private record Meters(DistributionSummary pushes, Counter refusals) {}

    private final Map<Kind, Meters> byKind = new EnumMap<>(Kind.class);
    private final AtomicInteger deltaStreams;
    private final AtomicInteger stateOfTheWorldStreams;
    private final Timer propagation;

    AdsMetrics(MeterRegistry registry) {
        for (Kind kind : Kind.values()) {
            byKind.put(
                    kind,
                    new Meters(
                            DistributionSummary.builder("sidestep.xds.push.bytes")
                                    .description("Responses sent to clients, and their bytes")
                                    .tag("type", kind.label())
                                    .register(registry),
                            Counter.builder("sidestep.xds.nacks")
                                    .description("Responses that a client refused")
                                    .tag("type", kind.label())
                                    .register(registry)));
        }
        deltaStreams = streams(registry, "delta");
        stateOfTheWorldStreams = streams(registry, "sotw");
        propagation = Timer.builder("sidestep.propagation")
                .description("From hearing of a change to its acknowledgement by a client")
                .serviceLevelObjectives(
                        Duration.ofMillis(5),
                        Duration.ofMillis(10),
                        Duration.ofMillis(25),
                        Duration.ofMillis(50),
                        Duration.ofMillis(100),
                        Duration.ofMillis(250),
                        Duration.ofMillis(500),
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(5))
                .register(registry);
    }

    private static AtomicInteger streams(MeterRegistry registry, String protocol) {
        var count = new AtomicInteger();
        Gauge.builder("sidestep.xds.streams", count, AtomicInteger::get)
                .description("Open streams")
                .tag("protocol", protocol)
                .strongReference(true)
                .register(registry);
        return count;
    }

    void opened(Session session) {
        streams(session).incrementAndGet();
    }

    void closed(Session session) {
        streams(session).decrementAndGet();
    }

    void pushed(Kind kind, int bytes) {
        of(kind).pushes().record(bytes);
    }

    void refused(Kind kind) {
        of(kind).refusals().increment();
    }

    void propagated(Duration time) {
        propagation.record(time);
    }

    private Meters of(Kind kind) {
        return Objects.requireNonNull(byKind.get(kind)); // There is one for each.
    }

    private AtomicInteger streams(Session session) {
        return session instanceof DeltaSession ? deltaStreams : stateOfTheWorldStreams;
    }
}
