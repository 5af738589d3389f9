package dev.sidestep.control.ads;

import dev.sidestep.control.auth.ServerIdentity;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.TlsServerCredentials;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The gRPC server, with limits on what a client may cost. */
public final class XdsListener implements AutoCloseable {
    /** A client that vanished without a word is noticed after this and {@link #KEEP_ALIVE_TIMEOUT_SECONDS}. */
    private static final long KEEP_ALIVE_SECONDS = 30;

    private static final long KEEP_ALIVE_TIMEOUT_SECONDS = 10;

    /** Clients may look often whether we are there: an idle stream is the usual case. */
    private static final long LEAST_CLIENT_KEEP_ALIVE_SECONDS = 5;

    /** Who connects and does not go on with TLS holds a socket no longer than this. */
    private static final long HANDSHAKE_SECONDS = 10;

    /** Who connects and asks nothing; our own clients always have a stream. */
    private static final long IDLE_MINUTES = 5;

    private static final long DRAIN_SECONDS = 3;

    private final Server server;

    /**
     * What makes a listener one that others than this machine may reach.
     *
     * @param identity what the server proves itself with, by TLS 1.2 or later
     * @param interceptor what every call has to pass
     */
    public record Security(ServerIdentity identity, ServerInterceptor interceptor) {}

    private XdsListener(Server server) {
        this.server = server;
    }

    /**
     * Listens.
     *
     * @param address port 0 is a free one; the wildcard address is that of IPv6 and IPv4, where there is IPv6
     * @param security empty: without TLS, and whoever reaches it may ask
     */
    public static XdsListener start(
            InetSocketAddress address,
            List<ServerServiceDefinition> services,
            XdsLimits limits,
            Optional<Security> security)
            throws IOException {
        ServerCredentials credentials = security.map(Security::identity)
                .map(identity -> TlsServerCredentials.newBuilder()
                        .keyManager(identity.keyManager())
                        .build())
                .orElseGet(InsecureServerCredentials::create);
        NettyServerBuilder builder = NettyServerBuilder.forAddress(bothFamilies(address), credentials)
                .addServices(services)
                .directExecutor() // Callbacks only enqueue.
                .handshakeTimeout(HANDSHAKE_SECONDS, TimeUnit.SECONDS)
                .maxInboundMessageSize(limits.requestBytes())
                .maxInboundMetadataSize(limits.headerBytes())
                .maxConcurrentCallsPerConnection(limits.callsPerConnection())
                .maxRstFramesPerWindow(
                        limits.resets(), Math.toIntExact(limits.resetWindow().toSeconds()))
                .maxConnectionIdle(IDLE_MINUTES, TimeUnit.MINUTES)
                .maxConnectionAge(limits.connectionAge().toSeconds(), TimeUnit.SECONDS)
                .maxConnectionAgeGrace(limits.connectionGrace().toSeconds(), TimeUnit.SECONDS)
                .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                .keepAliveTimeout(KEEP_ALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
                .permitKeepAliveTime(LEAST_CLIENT_KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true);
        security.map(Security::interceptor).ifPresent(builder::intercept);
        return new XdsListener(builder.build().start());
    }

    /** Netty's native transport takes 0.0.0.0 at its word, where the JDK would listen on both. */
    private static InetSocketAddress bothFamilies(InetSocketAddress address) throws IOException {
        if (!address.getAddress().isAnyLocalAddress()) {
            return address;
        }
        boolean ipv6 = NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .anyMatch(Inet6Address.class::isInstance);
        return ipv6 ? new InetSocketAddress(InetAddress.getByName("::"), address.getPort()) : address;
    }

    public int port() {
        return server.getPort();
    }

    /** Takes no new connection, and tells those there are to go elsewhere for new streams. */
    public void goAway() {
        server.shutdown();
    }

    /** Waits a moment for the streams to end, then ends them. */
    @Override
    public void close() {
        server.shutdown();
        try {
            if (!server.awaitTermination(DRAIN_SECONDS, TimeUnit.SECONDS)) {
                server.shutdownNow();
            }
        } catch (InterruptedException e) {
            server.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }
}
