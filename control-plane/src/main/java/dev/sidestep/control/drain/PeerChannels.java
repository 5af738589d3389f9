package dev.sidestep.control.drain;

import dev.sidestep.control.auth.ServerIdentity;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the channels to other replicas: to a pod's address, by TLS, where the other end has to show a certificate of our CA
 * for our Service's name; with our own service account's token on every call.
 */
final class PeerChannels {
    private static final Logger LOG = LoggerFactory.getLogger(PeerChannels.class);

    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    /** After a rollout of many pods the next one comes at once, or not for hours. */
    private static final long IDLE_SECONDS = 60;

    /** A replica that vanished without a word has to be noticed within the time that a pod waits. */
    private static final long KEEP_ALIVE_SECONDS = 5;

    private static final long KEEP_ALIVE_TIMEOUT_SECONDS = 3;

    private final ServerIdentity identity;
    private final Path token;
    private final String name;

    /**
     * @param token the file that the kubelet keeps our token in, made for our own audience
     * @param name what replicas' certificates have to be for
     */
    PeerChannels(ServerIdentity identity, Path token, String name) {
        this.identity = identity;
        this.token = token;
        this.name = name;
    }

    /** Connects when it is first used. */
    ManagedChannel connect(Peer peer) {
        return NettyChannelBuilder.forAddress(new InetSocketAddress(peer.address(), peer.port()))
                .overrideAuthority(name)
                .sslContext(trust())
                .intercept(new TokenInterceptor())
                .idleTimeout(IDLE_SECONDS, TimeUnit.SECONDS)
                .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                .keepAliveTimeout(KEEP_ALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
                .build();
    }

    private SslContext trust() {
        try {
            // Without a bundle nobody is trusted: then it is the JDK's, and no replica has a certificate of those.
            String bundle = identity.bundle();
            var context = GrpcSslContexts.forClient();
            if (!bundle.isEmpty()) {
                context.trustManager(new ByteArrayInputStream(bundle.getBytes(StandardCharsets.US_ASCII)));
            }
            return context.build();
        } catch (SSLException e) {
            throw new IllegalStateException("TLS cannot be had", e);
        }
    }

    /** Reads the file at every call: the kubelet renews it, and calls are few. */
    private final class TokenInterceptor implements ClientInterceptor {
        @Override
        public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
            return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
                @Override
                public void start(Listener<A> listener, Metadata headers) {
                    try {
                        headers.put(
                                AUTHORIZATION,
                                "Bearer " + Files.readString(token).strip());
                    } catch (IOException e) {
                        LOG.warn(
                                "{}: our token cannot be read ({}); other replicas will refuse us",
                                token,
                                e.toString());
                    }
                    super.start(listener, headers);
                }
            };
        }
    }
}
