package dev.sidestep.control.admin;

import dev.sidestep.control.admin.StatusReport.ServicePort;
import dev.sidestep.control.ads.AdsServer;
import dev.sidestep.control.ads.ClientStatus;
import dev.sidestep.control.auth.AccessReport;
import dev.sidestep.control.index.ClusterIndex;
import dev.sidestep.control.index.Problems;
import dev.sidestep.control.load.LoadView;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.Endpoint;
import dev.sidestep.model.Self;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** What each path answers. Confined to the index's owner, but for {@link #byPath}. */
public final class AdminPages {
    private final ClusterIndex index;
    private final AdsServer ads;
    private final LoadView loads;
    private final Problems problems;
    private final PrometheusMeterRegistry registry;
    private final About about;
    private final ObjectMapper json =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    // Gauges are read by the registry off the owner, so that they are set on it before.
    private final AtomicLong services;
    private final AtomicLong endpoints;
    private final AtomicLong names;
    private final AtomicLong problemCount;

    /**
     * What does not change, and whether it may be used.
     *
     * @param source where Services and endpoints come from
     * @param synced whether the source was read once
     * @param certified whether there is a certificate, where one is needed
     * @param injects whether the injector, where there is one, answers in time
     * @param access who may ask; asked on the index's owner
     */
    public record About(
            String version,
            String source,
            BooleanSupplier synced,
            BooleanSupplier certified,
            BooleanSupplier injects,
            Supplier<AccessReport> access) {}

    public AdminPages(
            ClusterIndex index,
            AdsServer ads,
            LoadView loads,
            Problems problems,
            PrometheusMeterRegistry registry,
            About about) {
        this.index = index;
        this.ads = ads;
        this.loads = loads;
        this.problems = problems;
        this.registry = registry;
        this.about = about;
        services = gauge("sidestep.services", "Services that are served");
        endpoints = gauge("sidestep.endpoints.known", "Endpoints of all Service ports, in whatever condition");
        names = gauge("sidestep.xds.names", "Names that some client asks for");
        problemCount = gauge("sidestep.source.problems", "What is wrong with what the source says");
        Gauge.builder("sidestep.build.info", () -> 1)
                .tag("version", about.version())
                .register(registry);
    }

    private AtomicLong gauge(String name, String description) {
        var value = new AtomicLong();
        Gauge.builder(name, value, AtomicLong::get)
                .description(description)
                .strongReference(true)
                .register(registry);
        return value;
    }

    /** For each path what is done on the owner, with the query, and what it gives then for any thread. */
    Map<String, Function<Map<String, String>, Supplier<Reply>>> byPath() {
        return Map.of(
                "/healthz", query -> () -> Reply.text(200, "ok"),
                "/readyz", query -> readiness(),
                "/metrics", query -> metrics(),
                "/status", query -> json(status()),
                "/config_dump", query -> json(clusters()),
                "/load", this::load,
                "/why", this::why);
    }

    private Supplier<Reply> json(Object report) {
        return () -> Reply.json(200, json.writeValueAsString(report));
    }

    private Supplier<Reply> readiness() {
        Reply reply;
        if (!about.synced().getAsBoolean()) {
            reply = Reply.text(503, "waiting for the first list of " + about.source());
        } else if (!about.certified().getAsBoolean()) {
            reply = Reply.text(503, "waiting for a certificate; /status says what is in its way");
        } else if (!about.injects().getAsBoolean()) {
            reply = Reply.text(503, "waiting until the injector can answer in time");
        } else {
            reply = Reply.text(200, "ready");
        }
        return () -> reply;
    }

    private Supplier<Reply> metrics() {
        services.set(index.serviceCount());
        endpoints.set(index.endpointCount());
        names.set(ads.nameCount());
        problemCount.set(problems.all().size());
        return () -> new Reply(200, "text/plain; version=0.0.4; charset=utf-8", registry.scrape());
    }

    private Supplier<Reply> load(Map<String, String> query) {
        try {
            Duration since = Duration.ofSeconds(Long.parseLong(query.getOrDefault("since", "600")));
            return json(loads.of(Optional.ofNullable(query.get("namespace")), since));
        } catch (NumberFormatException | ArithmeticException e) {
            return () -> Reply.text(400, "since: a number of seconds; ask for /load?namespace=default&since=600");
        }
    }

    private Supplier<Reply> why(Map<String, String> query) {
        String host = query.get("host");
        if (host == null || host.isEmpty()) {
            return () -> Reply.text(400, "which host? ask for /why?host=backend-service&namespace=default");
        }
        if (query.containsKey("port")) {
            host = host + ":" + query.get("port");
        }
        Self caller = Self.inNamespace(query.getOrDefault("namespace", "default"));
        String node = query.getOrDefault("node", "");
        String zone = query.getOrDefault("zone", index.zoneOf(node));
        var self = new Self(
                caller.namespace(), node, zone, "", caller.clusterDomain(), List.of(), List.of(), caller.mode());
        return json(Why.ask(index, host, self));
    }

    private List<Cluster> clusters() {
        return index.clusters().stream()
                .map(ClusterIndex.Published::cluster)
                .sorted(Comparator.comparing(cluster -> cluster.name().value()))
                .toList();
    }

    private StatusReport status() {
        List<ClientStatus> clients = ads.clients();
        return new StatusReport(
                about.version(),
                about.synced().getAsBoolean(),
                about.source(),
                index.endpointCount(),
                about.access().get(),
                problems.all(),
                clusters().stream().map(AdminPages::servicePort).toList(),
                clients);
    }

    private static ServicePort servicePort(Cluster cluster) {
        return new ServicePort(
                cluster.name().value(),
                cluster.addresses(),
                cluster.policy().mode().name(),
                cluster.policy().protocol().name(),
                cluster.endpoints().size(),
                cluster.endpoints().stream().filter(Endpoint::ready).count());
    }
}
