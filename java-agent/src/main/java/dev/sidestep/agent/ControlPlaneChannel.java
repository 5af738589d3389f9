package dev.sidestep.agent;

import dev.sidestep.discovery.ControlPlaneTrust;
import dev.sidestep.discovery.TokenCredentials;
import io.grpc.ChannelCredentials;
import io.grpc.CompositeChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettySslContextChannelCredentials;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslProvider;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;

/** The gRPC channel to the control plane: one daemon thread for its sockets, no native code, no discovery of transports. */
final class ControlPlaneChannel {
    private static final int MAX_MESSAGE = 16 * 1024 * 1024;

    private ControlPlaneChannel() {}

    /**
     * Connects when it is first used: with TLS, and our token, if it is known whom to trust.
     *
     * @param trust empty: plaintext, in which no token is ever sent
     * @param io where the token is read and names are looked up
     */
    static ManagedChannel open(AgentConfig config, Optional<ControlPlaneTrust> trust, Executor io) {
        return NettyChannelBuilder.forAddress(
                        config.controlPlane().host(),
                        config.controlPlane().port(),
                        trust.map(it -> credentials(config, it, io)).orElseGet(InsecureChannelCredentials::create))
                .channelType(NioSocketChannel.class)
                .eventLoopGroup(new MultiThreadIoEventLoopGroup(
                        1, new DefaultThreadFactory("sidestep-xds", true), NioIoHandler.newFactory()))
                .executor(Executors.newSingleThreadExecutor(task -> AgentRuntime.daemon(task, "sidestep-xds-calls")))
                .offloadExecutor(io)
                // The application's proxy settings are about its own calls.
                .proxyDetector(target -> null)
                .disableServiceConfigLookUp()
                .keepAliveTime(10, TimeUnit.SECONDS)
                .keepAliveTimeout(5, TimeUnit.SECONDS)
                .maxInboundMessageSize(MAX_MESSAGE)
                .build();
    }

    /** The JDK's TLS: netty-shaded would unpack a native library of its own. */
    private static ChannelCredentials credentials(AgentConfig config, ControlPlaneTrust trust, Executor io) {
        SslContext tls;
        try {
            tls = GrpcSslContexts.configure(SslContextBuilder.forClient(), SslProvider.JDK)
                    .trustManager(trust)
                    .build();
        } catch (SSLException e) {
            throw new IllegalStateException("this JVM has no TLS: " + e.getMessage(), e);
        }
        ChannelCredentials server = NettySslContextChannelCredentials.create(tls);
        return config.tokenFile()
                .map(file -> CompositeChannelCredentials.create(server, new TokenCredentials(file, io)))
                .orElse(server);
    }
}
