package dev.sidestep.control;

import static dev.sidestep.control.Listening.listen;
import static dev.sidestep.control.Listening.text;

import dev.sidestep.concurrent.ThreadSerialExecutor;
import dev.sidestep.control.ControlPlaneConfig.Kubernetes;
import dev.sidestep.control.admin.AdminPages;
import dev.sidestep.control.admin.AdminServer;
import dev.sidestep.control.ads.Admission;
import dev.sidestep.control.ads.AdsServer;
import dev.sidestep.control.ads.Mesh;
import dev.sidestep.control.ads.XdsLimits;
import dev.sidestep.control.ads.XdsListener;
import dev.sidestep.control.auth.Access;
import dev.sidestep.control.auth.AccessReport;
import dev.sidestep.control.auth.Refusals;
import dev.sidestep.control.drain.DrainPage;
import dev.sidestep.control.drain.DrainServices;
import dev.sidestep.control.drain.Drains;
import dev.sidestep.control.drain.Peers;
import dev.sidestep.control.index.Callers;
import dev.sidestep.control.index.ClusterIndex;
import dev.sidestep.control.index.Problems;
import dev.sidestep.control.index.WorkloadIndex;
import dev.sidestep.control.injector.InjectorServer;
import dev.sidestep.control.kube.Clients;
import dev.sidestep.control.load.LoadServer;
import dev.sidestep.control.load.LoadStore;
import dev.sidestep.control.load.LoadView;
import dev.sidestep.control.settings.Settings;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.grpc.ServerServiceDefinition;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A running control plane. Made by {@link #start}, ended by {@link #close}; both may be called from any thread. */
public final class ControlPlane implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlPlane.class);

    /** How long the changes of one Service are collected after one was published. */
    private static final Duration MERGE_WINDOW = Duration.ofMillis(100);

    /** How often clients tell what they send to whom. */
    private static final Duration REPORTS = Duration.ofSeconds(10);

    private static final long DRAIN_SECONDS = 2;

    /** As long as pods wait for their end, by default; less than Kubernetes gives us. */
    private static final long PODS_WAIT_SECONDS = 10;

    private static final XdsLimits LIMITS = XdsLimits.DEFAULT;

    private final InetSocketAddress xdsAddress;
    private final Optional<InetSocketAddress> xdsTlsAddress;
    private final InetSocketAddress adminAddress;
    private final Optional<InetSocketAddress> injectorAddress;
    private final AtomicBoolean synced;
    private final Closing closing;

    private ControlPlane(
            InetSocketAddress xdsAddress,
            Optional<InetSocketAddress> xdsTlsAddress,
            InetSocketAddress adminAddress,
            Optional<InetSocketAddress> injectorAddress,
            AtomicBoolean synced,
            Closing closing) {
        this.xdsAddress = xdsAddress;
        this.xdsTlsAddress = xdsTlsAddress;
        this.adminAddress = adminAddress;
        this.injectorAddress = injectorAddress;
        this.synced = synced;
        this.closing = closing;
    }

    /**
     * Starts everything. When it returns, both servers listen; streams are answered when the source was read once, see
     * {@link #isSynced}.
     *
     * @throws IOException if an address cannot be listened on or the source does not exist; the message is one line for
     *     the user, with the fix
     */
    public static ControlPlane start(ControlPlaneConfig config) throws IOException {
        return start(config, REPORTS);
    }

    /**
     * The same, for tests that would not wait for clients' reports.
     *
     * @param reports how often clients tell what they send to whom, as the server asks of them in LRS
     */
    public static ControlPlane start(ControlPlaneConfig config, Duration reports) throws IOException {
        var closing = new Closing();
        try {
            return start(config, reports, closing);
        } catch (IOException | RuntimeException e) {
            closing.close();
            throw e;
        }
    }

    private static ControlPlane start(ControlPlaneConfig config, Duration reporting, Closing closing)
            throws IOException {
        var owner = closing.first(new ThreadSerialExecutor("control-plane"));
        var registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        closing.first(registry::close);
        var problems = new Problems(owner);
        var index = new ClusterIndex(owner, problems, MERGE_WINDOW);
        var workloads = new WorkloadIndex(owner);
        Optional<KubernetesClient> client = Optional.empty();
        if (config.source() instanceof Kubernetes kubernetes) {
            client = Optional.of(closing.first(Clients.connect(kubernetes.kubeconfig(), kubernetes.context())));
        }
        Settings settings = config.settings();
        List<String> ranges = settings.serviceRanges().isEmpty()
                ? client.map(Clients::serviceRanges).orElse(List.of())
                : settings.serviceRanges();
        var mesh = new Mesh(settings.mode(), settings.clusterDomain(), ranges);
        var callers = new Callers(workloads, problems);
        var refusals = new Refusals(owner, registry);
        var ads = new AdsServer(owner, index, callers, mesh, new Admission(LIMITS, refusals), registry);
        var cluster = ClusterServers.start(config, client, owner, refusals, registry, problems, closing);
        Optional<Access> access = cluster.access();
        Optional<Peers> peers = cluster.startPeers(index);
        Drains drains = Drains.create(owner, index, workloads, ads, peers, registry);
        index.listen(touched -> {
            ads.onTouched(touched);
            drains.onTouched(touched);
        });
        workloads.listen(ads);

        access.ifPresent(started -> started.identity().listen(bundle -> owner.execute(() -> ads.trust(bundle))));
        var store = new LoadStore(owner);
        var loads = new LoadView(owner, store, index, callers, settings.mode());
        var reports = new LoadServer(owner, store, reporting, registry);
        List<ServerServiceDefinition> services = new ArrayList<>();
        services.add(ads.service());
        services.add(reports.service());
        services.addAll(new DrainServices(owner, drains, peers, cluster.replicas()).services());
        services.add(cluster.bypasses(index, workloads).service());
        XdsListener xds = closing.first(listen(
                "--xds", config.xds(), address -> XdsListener.start(address, services, LIMITS, Optional.empty())));
        var xdsAddress = new InetSocketAddress(config.xds().getAddress(), xds.port());
        Optional<XdsListener> tls = cluster.listenTls(services, LIMITS);
        Optional<InetSocketAddress> tlsAddress = tls.flatMap(listener ->
                config.xdsTls().map(address -> new InetSocketAddress(address.getAddress(), listener.port())));

        var synced = new AtomicBoolean();
        Optional<InjectorServer> injector =
                cluster.startInjector(workloads, new DrainPage(owner, drains), synced::get, registry);

        String plaintext = describePlaintext(xdsAddress);
        var about = new AdminPages.About(
                version(),
                SourceStarter.describe(config.source()),
                synced::get,
                () -> access.map(it -> !it.identity().bundle().isEmpty()).orElse(true),
                () -> injector.map(InjectorServer::isWarm).orElse(true),
                () -> access.map(it -> it.report(tlsAddress.map(Listening::text).orElse("off"), plaintext))
                        .orElseGet(() -> AccessReport.withoutTls(plaintext, refusals.report())));
        var pages = new AdminPages(index, ads, loads, problems, registry, about);
        AdminServer admin =
                closing.first(listen("--admin", config.admin(), address -> AdminServer.start(address, owner, pages)));

        var intake = new Intake(owner, index, workloads, problems, () -> {
            if (synced.compareAndSet(false, true)) {
                index.synced();
                ads.onSynced();
                drains.onSynced();
                LOG.info(
                        "serving {} Services with {} endpoints from {}",
                        index.serviceCount(),
                        index.endpointCount(),
                        about.source());
            }
        });
        SourceStarter.start(config.source(), client, owner, index, intake, closing);
        // Closed first, while all else still works for the pods that wait.
        closing.first(() -> awaitDrains(drains));
        closing.first(() -> drain(
                owner, ads, reports, Stream.concat(Stream.of(xds), tls.stream()).toList()));
        tlsAddress.ifPresent(address -> LOG.info("xDS with TLS on {}, for pods with a token", text(address)));
        LOG.info("xDS on {}, admin on http://{}", text(xdsAddress), text(admin.address()));
        return new ControlPlane(
                xdsAddress, tlsAddress, admin.address(), injector.map(InjectorServer::address), synced, closing);
    }

    private static String describePlaintext(InetSocketAddress address) {
        if (address.getAddress().isLoopbackAddress()) {
            return text(address) + ", to this machine";
        }
        LOG.warn(
                "xDS on {} has neither TLS nor tokens: whoever reaches it may ask, and the network may read and forge it;"
                        + " use --xds-tls instead of --allow-plaintext",
                text(address));
        return text(address) + ", to WHOEVER REACHES IT: no TLS, no tokens (--allow-plaintext)";
    }

    /** Where xDS is served. */
    public InetSocketAddress xdsAddress() {
        return xdsAddress;
    }

    /** Where xDS is served with TLS; empty if it is not. */
    public Optional<InetSocketAddress> xdsTlsAddress() {
        return xdsTlsAddress;
    }

    /** Where the API server has pods injected; empty if it has not. */
    public Optional<InetSocketAddress> injectorAddress() {
        return injectorAddress;
    }

    /** Where the admin pages are. */
    public InetSocketAddress adminAddress() {
        return adminAddress;
    }

    /** Whether the source was read once, so that streams are answered. */
    public boolean isSynced() {
        return synced.get();
    }

    /** Sends clients away, waits for their streams to end, a few seconds at most, and stops everything. */
    @Override
    public void close() {
        closing.close();
    }

    private static void drain(
            ThreadSerialExecutor owner, AdsServer ads, LoadServer reports, List<XdsListener> listeners)
            throws InterruptedException {
        listeners.forEach(XdsListener::goAway);
        var drained = new CountDownLatch(1);
        owner.execute(() -> {
            ads.drain();
            reports.drain();
            drained.countDown();
        });
        if (!drained.await(DRAIN_SECONDS, TimeUnit.SECONDS)) {
            LOG.warn("streams were not drained within {} s; they are cut", DRAIN_SECONDS);
        }
    }

    /** The pods that wait here hear from the other replicas' clients still, ours being theirs by now. */
    private static void awaitDrains(Drains drains) throws InterruptedException, ExecutionException {
        try {
            drains.idle().get(PODS_WAIT_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            LOG.warn("pods still wait to end after {} s; they end now", PODS_WAIT_SECONDS);
        }
    }

    private static String version() {
        return Objects.requireNonNullElse(ControlPlane.class.getPackage().getImplementationVersion(), "unknown");
    }
}
