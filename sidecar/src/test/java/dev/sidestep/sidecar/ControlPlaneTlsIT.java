package dev.sidestep.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.model.Self;
import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.TestAuthority;
import dev.sidestep.xds.AdsMethods;
import dev.sidestep.xds.Frame;
import dev.sidestep.xds.ResourceType;
import dev.sidestep.xds.SelfEncoder;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryRequest;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.TlsServerCredentials;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A sidecar before a control plane with TLS: whom it believes, and what it shows. */
class ControlPlaneTlsIT {
    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    @SuppressWarnings("NullAway.Init") // Set by JUnit.
    Path folder;

    private final TestAuthority authority = new TestAuthority();
    private final List<String> shown = new CopyOnWriteArrayList<>();
    private Optional<Server> server = Optional.empty();
    private Optional<Sidecar> sidecar = Optional.empty();

    @AfterEach
    void stop() {
        sidecar.ifPresent(Sidecar::close);
        server.ifPresent(Server::shutdownNow);
    }

    /** Tells every client its self, with {@code bundle}. */
    private ServerServiceDefinition service(String bundle) {
        return ServerServiceDefinition.builder(AdsMethods.SERVICE)
                .addMethod(
                        AdsMethods.SERVE_DELTA,
                        ServerCalls.asyncBidiStreamingCall(responses -> new StreamObserver<DeltaDiscoveryRequest>() {
                            @Override
                            public void onNext(DeltaDiscoveryRequest request) {
                                if (request.getResponseNonce().isEmpty()
                                        && request.getTypeUrl().equals(ResourceType.SELF)) {
                                    responses.onNext(Frame.delta(
                                            ResourceType.SELF,
                                            "1",
                                            List.of(new Frame.Named(
                                                    SelfEncoder.encode(Self.inNamespace("default"), bundle),
                                                    List.of())),
                                            List.of()));
                                }
                            }

                            @Override
                            public void onError(Throwable gone) {}

                            @Override
                            public void onCompleted() {}
                        }))
                .build();
    }

    private void serve(String name, String bundle) throws IOException {
        TestAuthority.Leaf leaf = authority.leaf(name);
        server = Optional.of(NettyServerBuilder.forAddress(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        TlsServerCredentials.create(leaf.certificateStream(), leaf.keyStream()))
                .addService(service(bundle))
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

    private Sidecar start() throws IOException {
        Path ca = Files.writeString(folder.resolve("ca.crt"), authority.certificate());
        Path token = Files.writeString(folder.resolve("token"), "the-token\n");
        Sidecar started = Sidecar.start(TestSidecar.config()
                .withControlPlane("localhost:" + server.orElseThrow().getPort())
                .withProof(new SidecarConfig.Proof(Optional.of(ca), Optional.of(token)))
                .withSnapshotDir(folder.resolve("state")));
        sidecar = Optional.of(started);
        return started;
    }

    private static String configDump(Sidecar of) throws IOException, InterruptedException {
        URI uri = URI.create("http://127.0.0.1:" + of.adminAddress().getPort() + "/config_dump");
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
                .body();
    }

    @Test
    void itBelievesTheRightServerShowsItsTokenAndKeepsTheBundle() throws IOException {
        String bundle = authority.certificate() + new TestAuthority().certificate();
        serve("localhost", bundle);
        start();
        Path kept = folder.resolve("state").resolve("ca.crt");
        Await.until("the bundle is kept", SOON, () -> Files.exists(kept));
        assertThat(kept).hasContent(bundle);
        assertThat(shown).containsExactly("Bearer the-token");
    }

    @Test
    void itShowsAServerOfAnotherNameNothing() throws IOException {
        serve("control-plane.elsewhere.svc", "");
        Sidecar started = start();
        Await.until(
                "it says why",
                SOON,
                () -> configDump(started).contains("not trusted: No subject alternative DNS name matching localhost"));
        assertThat(shown).isEmpty();
    }
}
