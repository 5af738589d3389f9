package dev.sidestep.sidecar;

import dev.sidestep.balancing.Discovery;
import dev.sidestep.balancing.LoadBalancer;
import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.discovery.DiscoveryClient;
import dev.sidestep.discovery.DiscoveryStatus;
import dev.sidestep.discovery.Identity;
import dev.sidestep.discovery.SnapshotStore;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The real one: incremental xDS by gRPC, on the Netty that is here anyway, but never on the calls' event loops. */
final class GrpcControlPlane implements ControlPlane {
    private static final String SNAPSHOT_FILE = "sidecar.snapshot";
    private static final int MAX_MESSAGE_BYTES = 16 << 20;

    private final SidecarConfig config;
    private final ManagedChannel channel;
    private final Executor io;
    private @Nullable DiscoveryClient client;

    /**
     * Connects only after {@link #open}.
     *
     * @param io where files are written
     */
    GrpcControlPlane(SidecarConfig config, EventLoopGroup eventLoops, Executor io) {
        this.config = config;
        this.io = io;
        channel = NettyChannelBuilder.forTarget("dns:///" + config.controlPlane())
                .eventLoopGroup(eventLoops)
                .channelType(config.transport().socketChannel())
                .usePlaintext()
                .keepAliveTime(10, TimeUnit.SECONDS)
                .keepAliveTimeout(5, TimeUnit.SECONDS)
                .maxInboundMessageSize(MAX_MESSAGE_BYTES)
                .build();
    }

    @Override
    public Discovery open(LoadBalancer balancer, SerialExecutor owner) {
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
                owner,
                balancer,
                () -> ThreadLocalRandom.current().nextDouble(),
                snapshot);
        made.start();
        client = made;
        return made;
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
        channel.shutdownNow();
    }
}
