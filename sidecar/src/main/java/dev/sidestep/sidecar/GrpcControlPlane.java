package dev.sidestep.sidecar;

import dev.sidestep.balancing.Discovery;
import dev.sidestep.balancing.LoadBalancer;
import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.concurrent.SerialExecutor.Cancellable;
import dev.sidestep.discovery.DiscoveryClient;
import dev.sidestep.discovery.DiscoveryStatus;
import dev.sidestep.discovery.Identity;
import dev.sidestep.discovery.SnapshotStore;
import dev.sidestep.xds.DrainMethods;
import dev.sidestep.xds.proto.v1.DrainedRequest;
import dev.sidestep.xds.proto.v1.DrainedResponse;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
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
    private @Nullable SerialExecutor owner;

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
        made.start();
        client = made;
        return made;
    }

    @Override
    public Cancellable askDrained(Duration cap, PodEnd.Listener listener) {
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
        channel.shutdownNow();
    }
}
