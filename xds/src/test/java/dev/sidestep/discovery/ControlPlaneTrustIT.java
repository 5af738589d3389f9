package dev.sidestep.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.balancing.Discovery;
import dev.sidestep.concurrent.ThreadSerialExecutor;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.Self;
import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.FreePorts;
import dev.sidestep.testkit.TestAuthority;
import dev.sidestep.xds.AdsMethods;
import io.grpc.CallOptions;
import io.grpc.ChannelCredentials;
import io.grpc.ClientCall;
import io.grpc.CompositeChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.TlsServerCredentials;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettySslContextChannelCredentials;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whom a data plane believes and what it shows, on real sockets with TLS. */
class ControlPlaneTrustIT {
    private static final String NAME = "control-plane.sidestep-system.svc";
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    @TempDir
    @SuppressWarnings("NullAway.Init") // Set by JUnit.
    Path folder;

    private final TestAuthority old = new TestAuthority();
    private final TestAuthority next = new TestAuthority();
    private final FakeAds ads = new FakeAds();
    private final List<String> shown = new CopyOnWriteArrayList<>();
    private final ExecutorService io = Executors.newSingleThreadExecutor();
    private final ThreadSerialExecutor owner = new ThreadSerialExecutor("owner");
    private final int port = FreePorts.next();
    private final List<Runnable> ending = new ArrayList<>();
    private @Nullable Server server;

    @SuppressWarnings("NullAway.Init") // Set before each test.
    private Path caFile;

    @SuppressWarnings("NullAway.Init") // Set before each test.
    private Path tokenFile;

    @SuppressWarnings("NullAway.Init") // Set before each test.
    private Path kept;

    @BeforeEach
    void write() throws IOException {
        caFile = Files.writeString(folder.resolve("ca.crt"), old.certificate());
        tokenFile = Files.writeString(folder.resolve("token"), "first\n");
        kept = folder.resolve("state").resolve("ca.crt");
    }

    @AfterEach
    void stop() {
        ending.forEach(Runnable::run);
        stopServer();
        io.shutdownNow();
        owner.close();
    }

    private void stopServer() {
        if (server != null) {
            server.shutdownNow();
            try {
                server.awaitTermination(10, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void serve(ServerCredentials credentials) throws IOException {
        stopServer();
        server = NettyServerBuilder.forAddress(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), port), credentials)
                .addService(ads.service())
                .intercept(new ServerInterceptor() {
                    @Override
                    public <Q, A> ServerCall.Listener<Q> interceptCall(
                            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> handler) {
                        shown.add(String.valueOf(headers.get(AUTHORIZATION)));
                        return handler.startCall(call, headers);
                    }
                })
                .build()
                .start();
    }

    private void serve(TestAuthority signer, String name) throws IOException {
        TestAuthority.Leaf leaf = signer.leaf(name);
        serve(TlsServerCredentials.newBuilder()
                .keyManager(leaf.certificateStream(), leaf.keyStream())
                .build());
    }

    /** A whole data plane's way to its control plane; how often it was connected. */
    private final class Client implements Discovery.Watcher {
        final AtomicInteger connections = new AtomicInteger();
        final DiscoveryClient discovery;

        Client(Optional<Path> keptFile) {
            var trust = new ControlPlaneTrust(caFile, keptFile, io);
            ChannelCredentials credentials =
                    CompositeChannelCredentials.create(tls(trust), new TokenCredentials(tokenFile, io));
            ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", port, credentials)
                    .overrideAuthority(NAME)
                    .build();
            discovery = new DiscoveryClient(
                    new Identity("it", "default", "", "", "sidestep-agent", "0.1.0"),
                    channel,
                    owner,
                    this,
                    () -> 0.5,
                    Optional.empty());
            discovery.listenForCaBundles(trust::learn);
            discovery.start();
            ending.add(() -> {
                discovery.stop();
                channel.shutdownNow();
            });
        }

        /** As both data planes do it. */
        private static ChannelCredentials tls(ControlPlaneTrust trust) {
            try {
                return NettySslContextChannelCredentials.create(
                        GrpcSslContexts.configure(SslContextBuilder.forClient(), SslProvider.JDK)
                                .trustManager(trust)
                                .build());
            } catch (SSLException e) {
                throw new AssertionError(e);
            }
        }

        void awaitConnection(int number) {
            Await.until("connected " + number + " times", SOON, () -> connections.get() >= number, this::error);
        }

        String error() {
            return discovery.status().join().lastError();
        }

        void awaitError(String part) {
            Await.until("fails for " + part, SOON, () -> error().contains(part), this::error);
        }

        @Override
        public void onConnected() {
            connections.incrementAndGet();
        }

        @Override
        public void onSelf(Self self) {}

        @Override
        public void onCluster(String name, Cluster cluster, Duration age) {}

        @Override
        public void onAbsent(String name) {}

        @Override
        public void onDisconnected() {}
    }

    @Test
    void aServerOfTheFilesAuthorityIsShownTheTokenAsItIsAtEachStreamsStart() throws IOException {
        serve(old, NAME);
        var client = new Client(Optional.empty());
        client.awaitConnection(1);
        assertThat(shown).containsExactly("Bearer first");
        Files.writeString(tokenFile, "second\n");
        ads.endStreams();
        client.awaitConnection(2);
        assertThat(shown).containsExactly("Bearer first", "Bearer second");
    }

    @Test
    void aServerOfAnotherNameOrAuthorityIsShownNothing() throws IOException {
        serve(old, "evil.example");
        var client = new Client(Optional.empty());
        client.awaitError("not trusted: No subject alternative DNS name matching " + NAME);
        serve(next, NAME);
        client.awaitError("looked at 1 CAs of " + caFile);
        assertThat(client.error().lines()).hasSize(1);
        assertThat(shown).isEmpty();
        assertThat(client.connections).hasValue(0);
    }

    @Test
    void whoWasToldOfTheNewAuthorityConnectsWhenTheOldOneIsGone() throws IOException {
        ads.tellCaBundle(next.certificate() + old.certificate());
        serve(old, NAME);
        var told = new Client(Optional.empty());
        told.awaitConnection(1);
        serve(next, NAME);
        told.awaitConnection(2);
        new Client(Optional.empty()).awaitError("not trusted");
    }

    @Test
    void theNextProcessKnowsWhatThisOneWasTold() throws IOException {
        ads.tellCaBundle(next.certificate());
        serve(old, NAME);
        new Client(Optional.of(kept)).awaitConnection(1);
        Await.until("the bundle is kept", SOON, () -> Files.exists(kept));
        assertThat(kept).hasContent(next.certificate());
        assertThat(Files.getPosixFilePermissions(kept)).contains(PosixFilePermission.OTHERS_READ);
        assertThat(kept.getParent()).isDirectoryNotContaining("glob:**.tmp");

        serve(next, NAME);
        new Client(Optional.of(kept)).awaitConnection(1);
    }

    @Test
    void aBundleThatIsNoneChangesNothing() throws IOException {
        ads.tellCaBundle("rubbish");
        serve(old, NAME);
        var client = new Client(Optional.of(kept));
        client.awaitConnection(1);
        ads.endStreams();
        client.awaitConnection(2);
        assertThat(kept).doesNotExist();
    }

    @Test
    void filesThatComeLateOrChangeAreReadAtTheNextAttempt() throws IOException {
        Files.delete(caFile);
        serve(next, NAME);
        var client = new Client(Optional.empty());
        client.awaitError("SIDESTEP_CA_FILE: " + caFile + " does not exist");
        Files.writeString(caFile, old.certificate() + next.certificate());
        Files.delete(tokenFile);
        client.awaitError("SIDESTEP_TOKEN_FILE: " + tokenFile + " cannot be read");
        Files.writeString(tokenFile, "late");
        client.awaitConnection(1);
        assertThat(shown).containsExactly("Bearer late");
    }

    @Test
    void aDamagedKeptFileDoesNotHurt() throws IOException {
        Files.createDirectories(folder.resolve("state"));
        Files.writeString(kept, "-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----\n");
        serve(old, NAME);
        new Client(Optional.of(kept)).awaitConnection(1);
    }

    @Test
    void aTokenIsNeverSentInPlaintext() throws Exception {
        serve(InsecureServerCredentials.create());
        ManagedChannel channel = NettyChannelBuilder.forAddress(
                        "127.0.0.1",
                        port,
                        CompositeChannelCredentials.create(
                                InsecureChannelCredentials.create(), new TokenCredentials(tokenFile, io)))
                .build();
        ending.add(channel::shutdownNow);
        var end = new CompletableFuture<Status>();
        ClientCall<?, ?> call = channel.newCall(AdsMethods.CALL_DELTA, CallOptions.DEFAULT);
        call.start(ending(end), new Metadata());
        assertThat(end.get(20, TimeUnit.SECONDS).getDescription()).contains("not sent without TLS");
        assertThat(shown).isEmpty();
    }

    private static <A> ClientCall.Listener<A> ending(CompletableFuture<Status> end) {
        return new ClientCall.Listener<>() {
            @Override
            public void onClose(Status status, Metadata trailers) {
                end.complete(status);
            }
        };
    }
}
