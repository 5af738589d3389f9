package dev.sidestep.agent;

import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.TlsChannelCredentials;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** The gRPC channel to the control plane: one daemon thread for its sockets, no native code, no discovery of transports. */
final class ControlPlaneChannel {
    private static final int MAX_MESSAGE = 16 * 1024 * 1024;

    private ControlPlaneChannel() {}

    /** Connects when it is first used. */
    static ManagedChannel open(AgentConfig config) {
        return NettyChannelBuilder.forAddress(
                        config.controlPlane().host(), config.controlPlane().port(), credentials(config.caFile()))
                .channelType(NioSocketChannel.class)
                .eventLoopGroup(new MultiThreadIoEventLoopGroup(
                        1, new DefaultThreadFactory("sidestep-xds", true), NioIoHandler.newFactory()))
                .executor(Executors.newSingleThreadExecutor(task -> AgentRuntime.daemon(task, "sidestep-xds-calls")))
                .offloadExecutor(
                        Executors.newSingleThreadExecutor(task -> AgentRuntime.daemon(task, "sidestep-xds-dns")))
                // The application's proxy settings are about its own calls.
                .proxyDetector(target -> null)
                .disableServiceConfigLookUp()
                .keepAliveTime(10, TimeUnit.SECONDS)
                .keepAliveTimeout(5, TimeUnit.SECONDS)
                .maxInboundMessageSize(MAX_MESSAGE)
                .build();
    }

    private static ChannelCredentials credentials(Optional<Path> caFile) {
        if (caFile.isEmpty()) {
            return InsecureChannelCredentials.create();
        }
        try {
            return TlsChannelCredentials.newBuilder()
                    .trustManager(caFile.get().toFile())
                    .build();
        } catch (IOException e) {
            throw new IllegalStateException("SIDESTEP_CA_FILE: " + caFile.get() + " cannot be read (" + e + ")", e);
        }
    }
}
