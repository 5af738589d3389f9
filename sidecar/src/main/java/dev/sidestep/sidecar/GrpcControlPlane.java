package dev.sidestep.sidecar;

import dev.sidestep.balancing.Discovery;
import dev.sidestep.balancing.LoadBalancer;
import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.concurrent.SerialExecutor.Cancellable;
import dev.sidestep.discovery.ControlPlaneTrust;
import dev.sidestep.discovery.DiscoveryClient;
import dev.sidestep.discovery.DiscoveryStatus;
import dev.sidestep.discovery.Identity;
import dev.sidestep.discovery.LoadReporter;
import dev.sidestep.discovery.SnapshotStore;
import dev.sidestep.discovery.TokenCredentials;
import dev.sidestep.xds.BypassMethods;
import dev.sidestep.xds.DrainMethods;
import dev.sidestep.xds.proto.v1.BypassAnswer;
import dev.sidestep.xds.proto.v1.BypassReport;
import dev.sidestep.xds.proto.v1.DrainedRequest;
import dev.sidestep.xds.proto.v1.DrainedResponse;
import io.grpc.CallOptions;
import io.grpc.ChannelCredentials;
import io.grpc.ClientCall;
import io.grpc.CompositeChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettySslContextChannelCredentials;
import io.netty.channel.EventLoopGroup;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The real one: incremental xDS by gRPC, on the Netty that is here anyway, but never on the calls' event loops. */
final class GrpcControlPlane implements ControlPlane {
    private static final Logger LOG = LoggerFactory.getLogger(GrpcControlPlane.class);
    private static final String SNAPSHOT_FILE = "sidecar.snapshot";
    private static final String CA_FILE = "ca.crt";
    private static final long BYPASS_SECONDS = 10;
    private static final int MAX_MESSAGE_BYTES = 16 << 20;

    private final SidecarConfig config;
    private final Optional<ControlPlaneTrust> trust;
    private final ManagedChannel channel;
    private final Executor io;
    private @Nullable DiscoveryClient client;
    private @Nullable SerialExecutor owner;
    private @Nullable LoadReporter reporter;

    /**
     * Connects only after {@link #open}.
     *
     * @param io where files are written
     */
    GrpcControlPlane(SidecarConfig config, EventLoopGroup eventLoops, Executor io) {
        this.config = config;
        this.io = io;
        trust = config.proof()
                .caFile()
                .map(file -> new ControlPlaneTrust(
                        file, config.snapshotDir().map(directory -> directory.resolve(CA_FILE)), io));
        channel = NettyChannelBuilder.forTarget("dns:///" + config.controlPlane(), credentials())
                .eventLoopGroup(eventLoops)
                .channelFactory(CloseUnconnected.channelsOf(config.transport().socketChannel()))
                .keepAliveTime(10, TimeUnit.SECONDS)
                .keepAliveTimeout(5, TimeUnit.SECONDS)
                .maxInboundMessageSize(MAX_MESSAGE_BYTES)
                .build();
    }

    private ChannelCredentials credentials() {
        Optional<Path> tokenFile = config.proof().tokenFile();
        if (trust.isEmpty()) {
            tokenFile.ifPresent(file -> LOG.warn(
                    "SIDESTEP_TOKEN_FILE: {} is not shown to the control plane, because the connection is plaintext;"
                            + " set SIDESTEP_CA_FILE",
                    file));
            return InsecureChannelCredentials.create();
        }
        SslContext tls;
        try {
            tls = GrpcSslContexts.configure(SslContextBuilder.forClient(), SslProvider.JDK)
                    .trustManager(trust.get())
                    .build();
        } catch (SSLException e) {
            throw new IllegalStateException("this JVM has no TLS: " + e.getMessage(), e);
        }
        ChannelCredentials server = NettySslContextChannelCredentials.create(tls);
        return tokenFile
                .map(file -> CompositeChannelCredentials.create(server, new TokenCredentials(file, io)))
                .orElse(server);
    }

    @Override
    public Discovery open(LoadBalancer balancer, SerialExecutor itsOwner) {
        owner = itsOwner;
        SidecarConfig.Workload workload = config.workload();
        String pod = workload.pod();
        String version = Optional.ofNullable(GrpcControlPlane.class.getPackage().getImplementationVersion())
                .orElse("unpackaged");
        var identity = new Identity(
                pod.isEmpty() ? "sidecar-" + ProcessHandle.current().pid() : pod,
                workload.namespace(),
                workload.node(),
                pod,
                "sidestep-sidecar",
                version);
        Optional<SnapshotStore> snapshot = config.snapshotDir()
                .map((Path directory) -> new SnapshotStore(directory.resolve(SNAPSHOT_FILE), Clock.systemUTC(), io));
        var made = new DiscoveryClient(
                identity,
                channel,
                itsOwner,
                balancer,
                () -> ThreadLocalRandom.current().nextDouble(),
                snapshot);
        trust.ifPresent(it -> made.listenForCaBundles(it::learn));
        made.start();
        client = made;
        var reporting = new LoadReporter(
                identity,
                channel,
                itsOwner,
                balancer.loads(),
                () -> ThreadLocalRandom.current().nextDouble());
        reporting.start();
        reporter = reporting;
        return made;
    }

    @Override
    public Cancellable askDrained(Duration cap, PodEnd.Listener listener) {
        // After a long absence of the control plane gRPC would try again in a minute or two: too late for a pod that
        // ends.
        channel.resetConnectBackoff();
        ClientCall<DrainedRequest, DrainedResponse> call =
                channel.newCall(DrainMethods.DRAINED, CallOptions.DEFAULT.withExecutor(owner()));
        call.start(new DrainedCall(listener), new Metadata());
        call.sendMessage(DrainedRequest.newBuilder()
                .setNamespace(config.workload().namespace())
                .setPod(config.workload().pod())
                .setCapMillis((int) Math.max(0, cap.toMillis()))
                .build());
        call.halfClose();
        call.request(2);
        return () -> call.cancel("the pod ends", null);
    }

    @Override
    public CompletableFuture<Set<String>> tellBypassed(List<String> vips, List<String> others) {
        var result = new CompletableFuture<Set<String>>();
        ClientCall<BypassReport, BypassAnswer> call = channel.newCall(
                BypassMethods.REPORT, CallOptions.DEFAULT.withDeadlineAfter(BYPASS_SECONDS, TimeUnit.SECONDS));
        call.start(
                new ClientCall.Listener<>() {
                    @Override
                    public void onMessage(BypassAnswer answer) {
                        result.complete(Set.copyOf(answer.getEndpointsList()));
                    }

                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        result.completeExceptionally(status.asException()); // Nothing, if it was answered.
                    }
                },
                new Metadata());
        call.sendMessage(BypassReport.newBuilder()
                .setNamespace(config.workload().namespace())
                .setPod(config.workload().pod())
                .addAllVips(vips)
                .addAllOthers(others)
                .build());
        call.halfClose();
        call.request(2);
        return result;
    }

    private SerialExecutor owner() {
        SerialExecutor opened = owner;
        if (opened == null) {
            throw new IllegalStateException("not open");
        }
        return opened;
    }

    @Override
    public CompletableFuture<Optional<DiscoveryStatus>> status() {
        DiscoveryClient opened = client;
        return opened == null
                ? CompletableFuture.completedFuture(Optional.empty())
                : opened.status().thenApply(Optional::of);
    }

    @Override
    public void close() {
        DiscoveryClient opened = client;
        if (opened != null) {
            opened.stop();
        }
        LoadReporter reporting = reporter;
        if (reporting != null) {
            reporting.stop();
        }
        channel.shutdownNow();
    }
}
