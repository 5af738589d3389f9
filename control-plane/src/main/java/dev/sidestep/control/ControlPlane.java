package dev.sidestep.control;

import dev.sidestep.concurrent.ThreadSerialExecutor;
import dev.sidestep.control.ControlPlaneConfig.Directory;
import dev.sidestep.control.ControlPlaneConfig.Kubernetes;
import dev.sidestep.control.admin.AdminPages;
import dev.sidestep.control.admin.AdminServer;
import dev.sidestep.control.ads.AdsServer;
import dev.sidestep.control.ads.Mesh;
import dev.sidestep.control.ads.XdsListener;
import dev.sidestep.control.directory.DirectorySource;
import dev.sidestep.control.drain.DrainServices;
import dev.sidestep.control.drain.Drains;
import dev.sidestep.control.drain.Peers;
import dev.sidestep.control.index.Callers;
import dev.sidestep.control.index.ClusterIndex;
import dev.sidestep.control.index.Problems;
import dev.sidestep.control.index.SourceListener;
import dev.sidestep.control.index.WorkloadIndex;
import dev.sidestep.control.kube.Clients;
import dev.sidestep.control.kube.KubernetesSource;
import dev.sidestep.control.settings.Settings;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.grpc.ServerServiceDefinition;
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
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A running control plane. Made by {@link #start}, ended by {@link #close}; both may be called from any thread. */
public final class ControlPlane implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlPlane.class);

    /** From one look at the manifests to the next. */
    private static final Duration LOOK = Duration.ofMillis(250);

    /** How long the changes of one Service are collected after one was published. */
    private static final Duration MERGE_WINDOW = Duration.ofMillis(100);

    private static final long DRAIN_SECONDS = 2;

    /** As long as pods wait for their end, by default; less than Kubernetes gives us. */
    private static final long PODS_WAIT_SECONDS = 10;

    private final InetSocketAddress xdsAddress;
    private final InetSocketAddress adminAddress;
    private final AtomicBoolean synced;
    private final Deque<AutoCloseable> closing;

    private ControlPlane(
            InetSocketAddress xdsAddress,
            InetSocketAddress adminAddress,
            AtomicBoolean synced,
            Deque<AutoCloseable> closing) {
        this.xdsAddress = xdsAddress;
        this.adminAddress = adminAddress;
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
        var ads = new AdsServer(owner, index, callers, mesh, registry);
        Optional<Peers> peers = Optional.empty();
        Drains drains = Drains.create(owner, index, workloads, ads, peers, registry);
        index.listen(touched -> {
            ads.onTouched(touched);
            drains.onTouched(touched);
        });
        workloads.listen(ads);

        List<ServerServiceDefinition> services = new ArrayList<>();
        services.add(ads.service());
        services.addAll(new DrainServices(owner, drains, peers, caller -> false).services());
        XdsListener xds = listen("--xds", config.xds(), address -> XdsListener.start(address, services));
        closing.push(xds);
        closing.push(() -> awaitDrains(drains));
        closing.push(() -> drain(owner, ads, xds));
        var xdsAddress = new InetSocketAddress(config.xds().getAddress(), xds.port());

        var synced = new AtomicBoolean();
        var about = new AdminPages.About(version(), describe(config.source()), synced::get);
        var pages = new AdminPages(index, ads, problems, registry, about);
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
        LOG.info("xDS on {}, admin on http://{}", text(xdsAddress), text(admin.address()));
        return new ControlPlane(xdsAddress, admin.address(), synced, closing);
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

    private static void drain(ThreadSerialExecutor owner, AdsServer ads, XdsListener xds) throws InterruptedException {
        xds.goAway();
        var drained = new CountDownLatch(1);
        owner.execute(() -> {
            ads.drain();
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
