package dev.sidestep.control.ads;

import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The gRPC server, with limits on what a client may cost. */
public final class XdsListener implements AutoCloseable {
    /** The first request of a stream names all that a client follows: 20,000 names of 60 bytes. */
    private static final int MOST_REQUEST_BYTES = 4 << 20;

    private static final int MOST_HEADER_BYTES = 16 << 10;
    private static final int MOST_STREAMS_PER_CONNECTION = 100;

    /** Rapid resets (CVE-2023-44487) end the connection. */
    private static final int MOST_RESETS = 200;

    private static final int RESET_WINDOW_SECONDS = 30;

    /** A client that vanished without a word is noticed after this and {@link #KEEP_ALIVE_TIMEOUT_SECONDS}. */
    private static final long KEEP_ALIVE_SECONDS = 30;

    private static final long KEEP_ALIVE_TIMEOUT_SECONDS = 10;

    /** Clients may look often whether we are there: an idle stream is the usual case. */
    private static final long LEAST_CLIENT_KEEP_ALIVE_SECONDS = 5;

    private static final long DRAIN_SECONDS = 3;

    private final Server server;

    private XdsListener(Server server) {
        this.server = server;
    }

    /** Listens on {@code address}, of which port 0 is a free one, without TLS. */
    public static XdsListener start(InetSocketAddress address, List<ServerServiceDefinition> services)
            throws IOException {
        return new XdsListener(NettyServerBuilder.forAddress(address)
                .addServices(services)
                .directExecutor() // Callbacks only enqueue.
                .maxInboundMessageSize(MOST_REQUEST_BYTES)
                .maxInboundMetadataSize(MOST_HEADER_BYTES)
                .maxConcurrentCallsPerConnection(MOST_STREAMS_PER_CONNECTION)
                .maxRstFramesPerWindow(MOST_RESETS, RESET_WINDOW_SECONDS)
                .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                .keepAliveTimeout(KEEP_ALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
                .permitKeepAliveTime(LEAST_CLIENT_KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true)
                .build()
                .start());
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
