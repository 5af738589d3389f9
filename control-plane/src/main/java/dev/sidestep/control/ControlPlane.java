package dev.sidestep.control;

import dev.sidestep.concurrent.ThreadSerialExecutor;
import dev.sidestep.control.ControlPlaneConfig.Directory;
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
import dev.sidestep.control.auth.Caller;
import dev.sidestep.control.auth.Refusals;
import dev.sidestep.control.auth.ServerIdentity;
import dev.sidestep.control.bypass.BypassEvents;
import dev.sidestep.control.bypass.BypassServer;
import dev.sidestep.control.directory.DirectorySource;
import dev.sidestep.control.drain.DrainHandler;
import dev.sidestep.control.drain.DrainPage;
import dev.sidestep.control.drain.DrainServices;
import dev.sidestep.control.drain.Drains;
import dev.sidestep.control.drain.Peers;
import dev.sidestep.control.index.Callers;
import dev.sidestep.control.index.ClusterIndex;
import dev.sidestep.control.index.Problems;
import dev.sidestep.control.index.SourceListener;
import dev.sidestep.control.index.WorkloadIndex;
import dev.sidestep.control.injector.InjectorServer;
import dev.sidestep.control.injector.Webhook;
import dev.sidestep.control.kube.Clients;
import dev.sidestep.control.kube.KubernetesSource;
import dev.sidestep.control.load.LoadServer;
import dev.sidestep.control.load.LoadStore;
import dev.sidestep.control.load.LoadView;
import dev.sidestep.control.settings.Settings;
import dev.sidestep.model.ClusterName;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.grpc.ServerServiceDefinition;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A running control plane. Made by {@link #start}, ended by {@link #close}; both may be called from any thread. */
public final class ControlPlane implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlPlane.class);

    /** From one look at the manifests to the next. */
    private static final Duration LOOK = Duration.ofMillis(250);

    /** How long the changes of one Service are collected after one was published. */
    private static final Duration MERGE_WINDOW = Duration.ofMillis(100);

    /** How often clients tell what they send to whom. */
    private static final Duration REPORTS = Duration.ofSeconds(10);

    private static final long DRAIN_SECONDS = 2;

    /** Of our Service and our service account. */
    private static final String OWN_NAME = "control-plane";

    /** As long as pods wait for their end, by default; less than Kubernetes gives us. */
    private static final long PODS_WAIT_SECONDS = 10;

    private static final XdsLimits LIMITS = XdsLimits.DEFAULT;

    private final InetSocketAddress xdsAddress;
    private final Optional<InetSocketAddress> xdsTlsAddress;
    private final InetSocketAddress adminAddress;
    private final Optional<InetSocketAddress> injectorAddress;
    private final AtomicBoolean synced;
    private final Deque<AutoCloseable> closing;

    private ControlPlane(
            InetSocketAddress xdsAddress,
            Optional<InetSocketAddress> xdsTlsAddress,
            InetSocketAddress adminAddress,
            Optional<InetSocketAddress> injectorAddress,
            AtomicBoolean synced,
            Deque<AutoCloseable> closing) {
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
        Deque<AutoCloseable> closing = new ArrayDeque<>();
        try {
            return start(config, closing);
        } catch (IOException | RuntimeException e) {
            closeAll(closing);
            throw e;
        }
    }

    private static ControlPlane start(ControlPlaneConfig config, Deque<AutoCloseable> closing) throws IOException {
        var owner = new ThreadSerialExecutor("control-plane");
        closing.push(owner);
        var registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        closing.push(registry::close);
        var problems = new Problems(owner);
        var index = new ClusterIndex(owner, problems, MERGE_WINDOW);
        var workloads = new WorkloadIndex(owner);
        Optional<KubernetesClient> client = Optional.empty();
        if (config.source() instanceof Kubernetes kubernetes) {
            client = Optional.of(Clients.connect(kubernetes.kubeconfig(), kubernetes.context()));
            client.ifPresent(closing::push);
        }
        Settings settings = config.settings();
        List<String> ranges = settings.serviceRanges().isEmpty()
                ? client.map(Clients::serviceRanges).orElse(List.of())
                : settings.serviceRanges();
        var mesh = new Mesh(settings.mode(), settings.clusterDomain(), ranges);
        var callers = new Callers(workloads, problems);
        var refusals = new Refusals(owner, registry);
        var ads = new AdsServer(owner, index, callers, mesh, new Admission(LIMITS, refusals), registry);
        Optional<Access> access = startAccess(config, client, owner, refusals, registry, problems);
        access.ifPresent(closing::push);
        Optional<Peers> peers = access.flatMap(started -> peers(config, owner, index, started.identity()));
        peers.ifPresent(closing::push);
        Drains drains = Drains.create(owner, index, workloads, ads, peers, registry);
        index.listen(touched -> {
            ads.onTouched(touched);
            drains.onTouched(touched);
        });
        workloads.listen(ads);

        access.ifPresent(started -> started.identity().listen(bundle -> owner.execute(() -> ads.trust(bundle))));
        List<ServerServiceDefinition> services = new ArrayList<>();
        services.add(ads.service());
        var store = new LoadStore(owner);
        var loads = new LoadView(owner, store, index, callers, settings.mode());
        var reports = new LoadServer(owner, store, REPORTS, registry);
        services.add(reports.service());
        services.addAll(new DrainServices(owner, drains, peers, replicas(config.replica())).services());
        services.add(bypasses(owner, index, workloads, client, closing).service());
        XdsListener xds = listen(
                "--xds", config.xds(), address -> XdsListener.start(address, services, LIMITS, Optional.empty()));
        closing.push(xds);
        var xdsAddress = new InetSocketAddress(config.xds().getAddress(), xds.port());
        Optional<XdsListener> tls = listenTls(config, services, access);
        tls.ifPresent(closing::push);
        Optional<InetSocketAddress> tlsAddress = tls.flatMap(listener ->
                config.xdsTls().map(address -> new InetSocketAddress(address.getAddress(), listener.port())));

        var synced = new AtomicBoolean();
        Optional<InjectorServer> injector = startInjector(
                config,
                client,
                access,
                new DrainPage(owner, drains),
                closing,
                (identity, kubernetes) -> new InjectorServer.Parts(
                        kubernetes,
                        owner,
                        workloads,
                        identity,
                        settings,
                        config.replica().namespace(),
                        synced::get,
                        registry));
        injector.ifPresent(closing::push);

        String plaintext = describePlaintext(xdsAddress);
        var about = new AdminPages.About(
                version(),
                describe(config.source()),
                synced::get,
                () -> access.map(it -> !it.identity().bundle().isEmpty()).orElse(true),
                () -> injector.map(InjectorServer::isWarm).orElse(true),
                () -> access.map(it ->
                                it.report(tlsAddress.map(ControlPlane::text).orElse("off"), plaintext))
                        .orElseGet(() -> AccessReport.withoutTls(plaintext, refusals.report())));
        var pages = new AdminPages(index, ads, loads, problems, registry, about);
        AdminServer admin = listen("--admin", config.admin(), address -> AdminServer.start(address, owner, pages));
        closing.push(admin);

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
        if (config.source() instanceof Directory directory) {
            startDirectory(directory.path(), intake, closing);
        } else if (config.source() instanceof Kubernetes kubernetes) {
            KubernetesSource source = startKubernetes(client.orElseThrow(), kubernetes.namespaces(), intake, closing);
            owner.execute(() -> index.confirmRemovals(source::listAgain));
        }
        // Closed first, while all else still works for the pods that wait.
        closing.push(() -> awaitDrains(drains));
        closing.push(() -> drain(
                owner, ads, reports, Stream.concat(Stream.of(xds), tls.stream()).toList()));
        tlsAddress.ifPresent(address -> LOG.info("xDS with TLS on {}, for pods with a token", text(address)));
        LOG.info("xDS on {}, admin on http://{}", text(xdsAddress), text(admin.address()));
        return new ControlPlane(
                xdsAddress, tlsAddress, admin.address(), injector.map(InjectorServer::address), synced, closing);
    }

    /** Sidecars tell it what passes them by; where there is a cluster, the pod's owner hears of it by an Event. */
    private static BypassServer bypasses(
            ThreadSerialExecutor owner,
            ClusterIndex index,
            WorkloadIndex workloads,
            Optional<KubernetesClient> client,
            Deque<AutoCloseable> closing) {
        if (client.isEmpty()) {
            return BypassServer.withoutEvents(owner, index, workloads);
        }
        var writer = new ThreadSerialExecutor("bypass-events");
        closing.push(writer);
        var events = new BypassEvents(owner, client.get(), writer, InstantSource.system());
        return BypassServer.withEvents(owner, index, workloads, events);
    }

    /** Where there is one of them only, as outside a cluster, there is nobody to ask. */
    private static Optional<Peers> peers(
            ControlPlaneConfig config, ThreadSerialExecutor owner, ClusterIndex index, ServerIdentity identity) {
        ControlPlaneConfig.Replica self = config.replica();
        if (self.pod().isEmpty() || config.xdsTls().isEmpty()) {
            return Optional.empty();
        }
        Set<String> namespaces = ((Kubernetes) config.source()).namespaces();
        if (!namespaces.isEmpty() && !namespaces.contains(self.namespace())) {
            LOG.warn(
                    "--namespaces is without {}: other replicas are not seen there, and pods end without their word;"
                            + " add it",
                    self.namespace());
        }
        var service = new ClusterName(OWN_NAME, self.namespace(), ControlPlaneConfig.XDS_TLS_PORT);
        return Optional.of(Peers.create(owner, index, new Peers.Us(service, self.pod()), identity, self.token()));
    }

    /** Those that run as this one does; what they have seen is as good as our own. */
    private static Predicate<Caller> replicas(ControlPlaneConfig.Replica self) {
        return caller -> caller.namespace().equals(self.namespace())
                && caller.serviceAccount().equals(OWN_NAME)
                && !caller.pod().isEmpty();
    }

    /** Whoever speaks TLS needs a certificate; where there is no API server, nobody does. */
    private static Optional<Access> startAccess(
            ControlPlaneConfig config,
            Optional<KubernetesClient> client,
            ThreadSerialExecutor owner,
            Refusals refusals,
            MeterRegistry registry,
            Problems problems) {
        if (client.isEmpty() || (config.xdsTls().isEmpty() && config.injector().isEmpty())) {
            return Optional.empty();
        }
        ControlPlaneConfig.Replica replica = config.replica();
        Settings settings = config.settings();
        var plan = Access.Plan.of(
                replica.namespace(),
                settings.clusterDomain(),
                replica.address(),
                settings.tls(),
                config.injector().map(address -> replica.webhook()));
        return Optional.of(Access.start(
                client.get(),
                owner,
                plan,
                refusals,
                registry,
                (origin, found) -> owner.execute(() -> problems.replace(origin, found))));
    }

    private static Optional<XdsListener> listenTls(
            ControlPlaneConfig config, List<ServerServiceDefinition> services, Optional<Access> access)
            throws IOException {
        if (config.xdsTls().isEmpty() || access.isEmpty()) {
            return Optional.empty();
        }
        var security =
                new XdsListener.Security(access.get().identity(), access.get().interceptor());
        return Optional.of(listen(
                "--xds-tls",
                config.xdsTls().get(),
                address -> XdsListener.start(address, services, LIMITS, Optional.of(security))));
    }

    /** Only a cluster has pods that are made. */
    private static Optional<InjectorServer> startInjector(
            ControlPlaneConfig config,
            Optional<KubernetesClient> client,
            Optional<Access> access,
            DrainPage drained,
            Deque<AutoCloseable> closing,
            BiFunction<ServerIdentity, KubernetesClient, InjectorServer.Parts> parts)
            throws IOException {
        if (config.injector().isEmpty() || client.isEmpty() || access.isEmpty()) {
            return Optional.empty();
        }
        var answers = new ThreadSerialExecutor("drained");
        closing.push(answers);
        InjectorServer started = listen(
                "--injector",
                config.injector().get(),
                address -> InjectorServer.start(
                        address,
                        parts.apply(access.get().identity(), client.get()),
                        Map.of(DrainHandler.PATH, new DrainHandler(drained, answers))));
        LOG.info("pods are injected by https://{}{}", text(started.address()), Webhook.PATH);
        return Optional.of(started);
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

    private static void startDirectory(Path path, SourceListener listener, Deque<AutoCloseable> closing)
            throws IOException {
        if (!Files.isDirectory(path)) {
            throw new IOException("--directory " + path + ": no such folder; create it or name another one");
        }
        var reader = new ThreadSerialExecutor("manifests");
        closing.push(reader);
        new DirectorySource(reader, InstantSource.system(), path, LOOK, listener).start();
    }

    private static KubernetesSource startKubernetes(
            KubernetesClient client, Set<String> namespaces, SourceListener listener, Deque<AutoCloseable> closing) {
        var follower = new ThreadSerialExecutor("kubernetes");
        closing.push(follower);
        var source = new KubernetesSource(follower, client, namespaces, listener);
        source.start();
        closing.push(source::stop);
        return source;
    }

    private static String describe(ControlPlaneConfig.Source source) {
        if (source instanceof Directory directory) {
            return "directory " + directory.path();
        }
        var namespaces = ((Kubernetes) source).namespaces();
        return "Kubernetes, "
                + (namespaces.isEmpty() ? "all namespaces" : "namespaces " + String.join(", ", namespaces));
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
        closeAll(closing);
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

    private static void closeAll(Deque<AutoCloseable> closing) {
        while (!closing.isEmpty()) {
            try {
                closing.pop().close();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (Exception e) {
                LOG.warn("could not be closed", e);
            }
        }
    }

    private static String version() {
        return Objects.requireNonNullElse(ControlPlane.class.getPackage().getImplementationVersion(), "unknown");
    }

    private static String text(InetSocketAddress address) {
        String host = address.getAddress().getHostAddress();
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + address.getPort();
    }

    private static <T> T listen(String flag, InetSocketAddress address, Listening<T> listening) throws IOException {
        try {
            return listening.on(address);
        } catch (IOException e) {
            String reason = Objects.requireNonNullElse(
                    e.getCause() == null ? e.getMessage() : e.getCause().getMessage(), "unknown reason");
            throw new IOException(
                    flag + " " + text(address) + ": cannot listen there (" + reason + "); give another address or port",
                    e);
        }
    }

    /** Starts a server. */
    private interface Listening<T> {
        T on(InetSocketAddress address) throws IOException;
    }
}
