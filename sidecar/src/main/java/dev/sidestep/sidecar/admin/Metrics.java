package dev.sidestep.sidecar.admin;

import dev.sidestep.balancing.LoadBalancer;
import dev.sidestep.balancing.Reason;
import dev.sidestep.model.Cluster;
import dev.sidestep.sidecar.loop.CallStats;
import dev.sidestep.sidecar.loop.LoopContext;
import dev.sidestep.sidecar.loop.Target;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntSupplier;

/**
 * The sidecar's numbers for Prometheus. Calls are counted by their event loops, each for itself, and added up here when
 * asked for, so that a call pays for no label and no shared counter.
 */
final class Metrics implements MultiCollector {
    static final String TYPE = "text/plain; version=0.0.4; charset=utf-8";

    /** All calls that we pass on without being asked to balance them are one series: an application may call anyone. */
    private static final String ELSEWHERE = "elsewhere";

    private static final String REFUSED = "none";

    private final List<LoopContext> loops;
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

    Metrics(LoadBalancer balancer, List<LoopContext> loops, IntSupplier notIntercepted) {
        this.loops = loops;
        balancer.bindTo(registry);
        String version = Metrics.class.getPackage().getImplementationVersion();
        Gauge.builder("sidestep.build.info", () -> 1)
                .description("What runs here")
                .tag("version", version == null ? "unpackaged" : version)
                .tag("component", "sidecar")
                .register(registry);
        Gauge.builder(
                        "sidestep.connections",
                        loops,
                        all -> all.stream().mapToInt(LoopContext::open).sum())
                .description("Connections of clients that stand")
                .register(registry);
        Gauge.builder("sidestep.not.intercepted", notIntercepted, IntSupplier::getAsInt)
                .description("Connections of the pod to Services that should have come here and did not")
                .register(registry);
        registry.getPrometheusRegistry().register(this);
    }

    String scrape() {
        return registry.scrape(TYPE);
    }

    @Override
    public MetricSnapshots collect() {
        Map<String, Sum> sums = new TreeMap<>();
        for (LoopContext loop : loops) {
            for (Target target : loop.targets()) {
                sums.computeIfAbsent(service(target), name -> new Sum()).add(target.stats());
            }
            sums.computeIfAbsent(ELSEWHERE, name -> new Sum()).add(loop.elsewhere());
            sums.computeIfAbsent(REFUSED, name -> new Sum()).add(loop.unaddressed());
        }
        var requests =
                CounterSnapshot.builder().name("sidestep_requests").help("Calls, by the status that their callers saw");
        var durations = HistogramSnapshot.builder()
                .name("sidestep_request_duration_seconds")
                .help("From a call's last header line to the end of its response");
        sums.forEach((service, sum) -> {
            sum.requests(service, requests);
            durations.dataPoint(sum.duration(service));
        });
        return MetricSnapshots.of(requests.build(), durations.build());
    }

    private static String service(Target target) {
        return target.destination()
                .cluster()
                .map(Cluster::name)
                .map(name -> name.service() + "." + name.namespace() + ":" + name.port())
                .orElse(ELSEWHERE);
    }

    /** One service's calls. */
    private static final class Sum {
        private final long[] byClass = new long[6];
        private final long[] durations = new long[CallStats.bucketSeconds().length + 1];
        private final Map<Reason, Long> failures = new TreeMap<>();
        private long nanos;

        void add(CallStats stats) {
            Arrays.setAll(byClass, i -> byClass[i] + stats.calls(i));
            Arrays.setAll(durations, i -> durations[i] + stats.durations(i));
            nanos += stats.nanos();
            for (Reason reason : Reason.values()) {
                long count = stats.failures(reason);
                if (count > 0) {
                    failures.merge(reason, count, Long::sum);
                }
            }
        }

        void requests(String service, CounterSnapshot.Builder requests) {
            long[] withoutReason = byClass.clone();
            failures.forEach((reason, count) -> {
                withoutReason[reason.httpStatus() / 100] -= count;
                requests.dataPoint(point(service, reason.httpStatus() / 100, reason.name(), count));
            });
            for (int i = 0; i < withoutReason.length; i++) {
                if (byClass[i] > 0) {
                    requests.dataPoint(point(service, i, "", Math.max(0, withoutReason[i])));
                }
            }
        }

        private static CounterSnapshot.CounterDataPointSnapshot point(
                String service, int statusClass, String reason, long count) {
            String status = statusClass == 0 ? "none" : statusClass + "xx";
            return CounterSnapshot.CounterDataPointSnapshot.builder()
                    .labels(Labels.of("reason", reason, "service", service, "status", status))
                    .value((double) count)
                    .build();
        }

        HistogramSnapshot.HistogramDataPointSnapshot duration(String service) {
            double[] bounds = Arrays.copyOf(CallStats.bucketSeconds(), durations.length);
            bounds[durations.length - 1] = Double.POSITIVE_INFINITY;
            return HistogramSnapshot.HistogramDataPointSnapshot.builder()
                    .labels(Labels.of("service", service))
                    .classicHistogramBuckets(ClassicHistogramBuckets.of(bounds, durations))
                    .sum(nanos / 1e9)
                    .build();
        }
    }
}
