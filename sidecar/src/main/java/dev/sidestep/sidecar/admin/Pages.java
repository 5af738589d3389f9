package dev.sidestep.sidecar.admin;

import dev.sidestep.balancing.LoadBalancer;
import dev.sidestep.balancing.Status;
import dev.sidestep.discovery.DiscoveryStatus;
import dev.sidestep.sidecar.admin.AdminServer.Page;
import dev.sidestep.sidecar.admin.AdminServer.Query;
import dev.sidestep.sidecar.loop.Authority;
import dev.sidestep.sidecar.loop.CallStats;
import dev.sidestep.sidecar.loop.LoopContext;
import dev.sidestep.sidecar.loop.Target;
import dev.sidestep.xds.DrainCap;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/** The pages of one sidecar. For any thread. */
public final class Pages {
    private static final int HTTP_PORT = 80;

    private final LoadBalancer balancer;
    private final List<LoopContext> loops;
    private final Supplier<CompletableFuture<Optional<DiscoveryStatus>>> discovery;
    private final String controlPlane;
    private final Function<Duration, CompletableFuture<String>> drained;
    private final IntSupplier notIntercepted;
    private final Metrics metrics;

    /**
     * Asks nobody yet.
     *
     * @param discovery how the way to the control plane is; empty if there is none to tell of
     * @param controlPlane where it is, {@code host:port}
     * @param drained completes with a line for people when our pod may end, at the latest after a time
     * @param notIntercepted connections of the pod that should have come to us and did not
     */
    public Pages(
            LoadBalancer balancer,
            List<LoopContext> loops,
            Supplier<CompletableFuture<Optional<DiscoveryStatus>>> discovery,
            String controlPlane,
            Function<Duration, CompletableFuture<String>> drained,
            IntSupplier notIntercepted) {
        this.balancer = balancer;
        this.loops = loops;
        this.discovery = discovery;
        this.controlPlane = controlPlane;
        this.drained = drained;
        this.notIntercepted = notIntercepted;
        metrics = new Metrics(balancer, loops, notIntercepted);
    }

    /** For people, on this machine alone: it tells all that this process knows. */
    public AdminServer admin() {
        return machinery()
                .page("/clusters", this::clusters)
                .page("/config_dump", query -> configDump())
                .page("/why", this::why)
                .page("/status", query -> status());
    }

    /** For probes and scrapers. */
    public AdminServer machinery() {
        return new AdminServer()
                .page("/healthz", query -> done(Page.text(200, "ok\n")))
                // That the listener is open is all that readiness may ask: calls work without a control plane.
                .page("/readyz", query -> done(ready()))
                .page("/drained", this::drained)
                .page("/metrics", query -> done(new Page(200, Metrics.TYPE, metrics.scrape())));
    }

    private Page ready() {
        return draining() ? Page.text(503, "draining\n") : Page.text(200, "ok\n");
    }

    /** Asked by the kubelet before it ends the application. Always a good answer: else it would make an Event of it. */
    private CompletableFuture<Page> drained(Query query) {
        return drained.apply(DrainCap.parse(query.get("cap").orElse("")))
                .thenApply(text -> Page.text(200, text + "\n"));
    }

    private boolean draining() {
        return loops.stream().anyMatch(LoopContext::draining);
    }

    private CompletableFuture<Page> clusters(Query query) {
        return balancer.status().thenApply(status -> {
            if (query.get("format").filter("json"::equals).isPresent()) {
                return Page.json(Json.write(Map.of(
                        "clusters",
                        status.clusters().stream().map(Json::cluster).toList())));
            }
            return Page.text(200, lines(status));
        });
    }

    /** As Envoy prints them: {@code cluster::address::what::value}. */
    private static String lines(Status status) {
        var text = new StringBuilder();
        for (Status.ClusterStatus cluster : status.clusters()) {
            String name = cluster.name().value();
            line(text, name, "mode", cluster.mode());
            line(text, name, "current", cluster.current());
            for (Status.EndpointStatus endpoint : cluster.endpoints()) {
                String at = name + "::" + endpoint.endpoint().hostPort();
                line(text, at, "pod", endpoint.endpoint().pod());
                line(text, at, "state", endpoint.state());
                line(text, at, "rq_active", endpoint.inFlight());
                line(text, at, "rq_success", endpoint.successes());
                line(text, at, "rq_error", endpoint.failures());
            }
        }
        return text.toString();
    }

    private static void line(StringBuilder text, String of, String what, Object value) {
        text.append(of).append("::").append(what).append("::").append(value).append('\n');
    }

    private CompletableFuture<Page> configDump() {
        return balancer.status().thenCombine(discovery.get(), (status, told) -> {
            Map<String, Object> fields = Json.fields();
            fields.put("controlPlane", controlPlane);
            fields.put("self", Json.self(status.self(), status.selfTold()));
            fields.put("discovery", Json.discovery(told));
            fields.put(
                    "destinations",
                    status.destinations().stream().map(Json::destination).toList());
            fields.put("clusters", status.clusters().stream().map(Json::cluster).toList());
            return Page.json(Json.write(fields));
        });
    }

    private CompletableFuture<Page> why(Query query) {
        Optional<Authority> asked = query.get("host")
                .map(host -> Authority.parse(
                        host,
                        query.get("port")
                                .map(port -> Authority.parse("h:" + port, 0))
                                .map(Authority::port)
                                .orElse(HTTP_PORT)));
        if (asked.isEmpty()) {
            return done(Page.text(400, "host: missing or wrong (expected: /why?host=backend-service or host:port)\n"));
        }
        return balancer.explain(asked.get().host(), asked.get().port())
                .thenApply(explanation -> Page.json(Json.write(Json.explanation(explanation))));
    }

    private CompletableFuture<Page> status() {
        return balancer.status().thenCombine(discovery.get(), (status, told) -> {
            Map<String, Object> fields = Json.fields();
            fields.put("controlPlane", controlPlane);
            fields.put("connected", status.connected());
            fields.put("lastError", told.map(DiscoveryStatus::lastError).orElse(""));
            fields.put("namespace", status.self().namespace());
            fields.put("mode", status.mode());
            fields.put("draining", draining());
            fields.put("connections", loops.stream().mapToInt(LoopContext::open).sum());
            fields.put("calls", loops.stream().mapToLong(Pages::calls).sum());
            fields.put("notIntercepted", notIntercepted.getAsInt());
            fields.put("services", status.clusters().size());
            fields.put(
                    "destinations",
                    status.destinations().stream().map(Json::destination).toList());
            return Page.json(Json.write(fields));
        });
    }

    private static long calls(LoopContext loop) {
        return loop.targets().stream()
                .map(Target::stats)
                .mapToLong(Pages::calls)
                .sum();
    }

    private static long calls(CallStats stats) {
        return IntStream.range(0, 6).mapToLong(stats::calls).sum();
    }

    private static CompletableFuture<Page> done(Page page) {
        return CompletableFuture.completedFuture(page);
    }
}
