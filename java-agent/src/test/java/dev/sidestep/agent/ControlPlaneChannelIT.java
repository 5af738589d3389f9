package dev.sidestep.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.discovery.ControlPlaneTrust;
import dev.sidestep.testkit.TestAuthority;
import dev.sidestep.xds.AdsMethods;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.HandlerRegistry;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerMethodDefinition;
import io.grpc.Status;
import io.grpc.TlsServerCredentials;
import io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The agent's way to a control plane with TLS: whom it believes, and what it shows. */
class ControlPlaneChannelIT {
    @TempDir
    @SuppressWarnings("NullAway.Init") // Set by JUnit.
    Path folder;

    private final TestAuthority authority = new TestAuthority();
    private final CopyOnWriteArrayList<String> shown = new CopyOnWriteArrayList<>();
    private final ExecutorService io = Executors.newSingleThreadExecutor();
    private Optional<Server> server = Optional.empty();
    private Optional<ManagedChannel> channel = Optional.empty();

    @AfterEach
    void stop() {
        channel.ifPresent(ManagedChannel::shutdownNow);
        server.ifPresent(Server::shutdownNow);
        io.shutdownNow();
    }

    /** One that says to everybody that it has seen the call. */
    private void serve(String name) throws IOException {
        TestAuthority.Leaf leaf = authority.leaf(name);
        server = Optional.of(NettyServerBuilder.forAddress(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        TlsServerCredentials.create(leaf.certificateStream(), leaf.keyStream()))
                .fallbackHandlerRegistry(new HandlerRegistry() {
                    @Override
                    public @Nullable ServerMethodDefinition<?, ?> lookupMethod(String method, @Nullable String host) {
                        return ServerMethodDefinition.create(AdsMethods.SERVE_DELTA, (call, headers) -> {
                            call.close(Status.ABORTED.withDescription("seen"), new Metadata());
                            return new ServerCall.Listener<>() {};
                        });
                    }
                })
                .intercept(new ServerInterceptor() {
                    @Override
                    public <Q, A> ServerCall.Listener<Q> interceptCall(
                            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
                        shown.add(String.valueOf(
                                headers.get(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER))));
                        return next.startCall(call, headers);
                    }
                })
                .build()
                .start());
    }

    private Status call() throws Exception {
        Path ca = Files.writeString(folder.resolve("ca.crt"), authority.certificate());
        Path token = Files.writeString(folder.resolve("token"), "the-token\n");
        AgentConfig config = AgentConfig.read(
                Map.of(
                        "SIDESTEP_CONTROL_PLANE",
                                "localhost:" + server.orElseThrow().getPort(),
                        "SIDESTEP_CA_FILE", ca.toString(),
                        "SIDESTEP_TOKEN_FILE", token.toString())::get,
                name -> null,
                Set.of());
        var trust = new ControlPlaneTrust(ca, Optional.empty(), io);
        ManagedChannel opened = ControlPlaneChannel.open(config, Optional.of(trust), io);
        channel = Optional.of(opened);
        var end = new CompletableFuture<Status>();
        ClientCall<?, ?> call = opened.newCall(AdsMethods.CALL_DELTA, CallOptions.DEFAULT);
        start(call, end);
        return end.get(20, TimeUnit.SECONDS);
    }

    private static <Q, A> void start(ClientCall<Q, A> call, CompletableFuture<Status> end) {
        call.start(
                new ClientCall.Listener<>() {
                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        end.complete(status);
                    }
                },
                new Metadata());
    }

    @Test
    void itShowsTheRightServerItsToken() throws Exception {
        serve("localhost");
        assertThat(call().getDescription()).isEqualTo("seen");
        assertThat(shown).containsExactly("Bearer the-token");
    }

    @Test
    void itShowsAServerOfAnotherNameNothing() throws Exception {
        serve("control-plane.elsewhere.svc");
        Status status = call();
        assertThat(status.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(String.valueOf(status.getCause()))
                .contains("not trusted: No subject alternative DNS name matching localhost");
        assertThat(shown).isEmpty();
    }
}
