package dev.sidestep.control.drain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sidestep.concurrent.SerialExecutor.Cancellable;
import dev.sidestep.concurrent.ThreadSerialExecutor;
import dev.sidestep.control.ads.AdsServer;
import dev.sidestep.control.ads.TestMesh;
import dev.sidestep.control.auth.Caller;
import dev.sidestep.control.auth.HeldIdentity;
import dev.sidestep.control.auth.ServerIdentity;
import dev.sidestep.control.index.Change;
import dev.sidestep.control.index.ClusterIndex;
import dev.sidestep.control.index.Problems;
import dev.sidestep.model.ClusterName;
import dev.sidestep.testkit.Await;
import dev.sidestep.xds.DrainMethods;
import dev.sidestep.xds.proto.v1.DrainedRequest;
import dev.sidestep.xds.proto.v1.DrainedResponse;
import io.grpc.CallOptions;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslProvider;
import io.grpc.stub.ClientCalls;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One replica asks another, over TLS and with tokens. */
final class PeersIT {
    private static final String NAME = "control-plane.sidestep-system.svc";
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final PodName WEB_1 = new PodName("default", "web-1");

    @TempDir
    @SuppressWarnings("NullAway.Init") // Set by JUnit.
    Path folder;

    private final ThreadSerialExecutor owner = new ThreadSerialExecutor("asking");
    private final ThreadSerialExecutor otherOwner = new ThreadSerialExecutor("asked");
    private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    private final ServerIdentity identity = identity(NAME);

    @SuppressWarnings("NullAway.Init") // Set before each test.
    private ClusterIndex index;

    @SuppressWarnings("NullAway.Init") // Set before each test.
    private Drains drains;

    @SuppressWarnings("NullAway.Init") // Set before each test.
    private Server server;

    private final List<AutoCloseable> closing = new ArrayList<>();

    private static ServerIdentity identity(String name) {
        return HeldIdentity.selfMade(Set.of(name), Set.of(), InstantSource.system(), new SecureRandom());
    }

    @BeforeEach
    void start() throws IOException {
        server = serve(identity);
    }

    /** The other replica: it knows the Service web with the pods web-1 and web-2, and of no client. */
    private Server serve(ServerIdentity shown) throws IOException {
        index = new ClusterIndex(otherOwner, new Problems(otherOwner), Duration.ofMillis(100));
        AdsServer ads = TestMesh.server(otherOwner, index);
        Peers peers = new Peers(
                otherOwner,
                index,
                new Peers.Us(new ClusterName("control-plane", "sidestep-system", 16012), "cp-2"),
                new GrpcPeerLink(otherOwner, peer -> {
                    throw new IllegalStateException("it asks nobody");
                }));
        var departures = new Departures(otherOwner, index, ads::generation);
        drains = new Drains(
                otherOwner, new Drains.Views(departures, ads, peers), Pods.UNKNOWN, new SimpleMeterRegistry());
        var services = new DrainServices(
                otherOwner,
                drains,
                Optional.of(peers),
                caller -> caller.serviceAccount().equals("control-plane"));
        otherOwner.execute(() -> {
            index.listen(touched -> {
                ads.onTouched(touched);
                drains.onTouched(touched);
            });
            peers.answer("clients", () -> new byte[] {42});
            index.synced();
            ads.onSynced();
            drains.onSynced();
        });
        pods(TestMesh.Pod.READY);
        Server started = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .sslContext(tls(shown))
                .intercept(new Tokens())
                .addServices(services.services())
                .build()
                .start();
        closing.add(started::shutdownNow);
        return started;
    }

    private static SslContext tls(ServerIdentity shown) throws SSLException {
        return GrpcSslContexts.configure(SslContextBuilder.forServer(shown.keyManager()), SslProvider.JDK)
                .build();
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable each : closing) {
            each.close();
        }
        owner.close();
        otherOwner.close();
    }

    private void pods(TestMesh.Pod first) {
        var pods = Map.of("web-1", first, "web-2", TestMesh.Pod.READY);
        otherOwner.execute(() ->
                index.apply(List.of(Change.put(TestMesh.service("web")), Change.put(TestMesh.slice("web", pods)))));
    }

    /** The asking side, which trusts {@code trusted}'s CA and shows {@code token}. */
    private GrpcPeerLink link(ServerIdentity trusted, String token) throws IOException {
        Path file = Files.writeString(folder.resolve("token"), token + "\n");
        var link = new GrpcPeerLink(owner, new PeerChannels(trusted, file, NAME)::connect);
        closing.add(() -> owner.execute(link::close));
        return link;
    }

    private Peer peer() {
        return new Peer("cp-2", "127.0.0.1", server.getPort());
    }

    private CompletableFuture<Cancellable> watch(GrpcPeerLink link) {
        var watching = new CompletableFuture<Cancellable>();
        owner.execute(() -> watching.complete(link.watch(peer(), WEB_1, new PeerLink.Listener() {
            @Override
            public void onStanding(boolean acknowledged, int owing, List<String> clients) {
                heard.add(acknowledged ? "acknowledged" : "not acknowledged");
            }

            @Override
            public void onLost(String reason) {
                heard.add("lost: " + reason);
            }
        })));
        return watching;
    }

    private String next() throws InterruptedException {
        return Optional.ofNullable(heard.poll(SOON.toSeconds(), TimeUnit.SECONDS))
                .orElse("nothing");
    }

    @Test
    void anotherReplicaSaysAtOnceHowItStandsAndWhenThatTurns() throws Exception {
        var unused = watch(link(identity, "cp-1"));
        assertThat(next()).isEqualTo("not acknowledged");

        pods(TestMesh.Pod.TERMINATING);
        assertThat(next()).isEqualTo("acknowledged");
    }

    @Test
    void aReplicaThatEndsIsLost() throws Exception {
        var unused = watch(link(identity, "cp-1"));
        assertThat(next()).isEqualTo("not acknowledged");

        server.shutdownNow();
        assertThat(next()).startsWith("lost: ");
    }

    @Test
    void aReplicaOfAnotherCaIsNotListenedTo() throws Exception {
        var unused = watch(link(identity(NAME), "cp-1"));
        assertThat(next()).startsWith("lost: UNAVAILABLE");
    }

    @Test
    void aReplicaWithACertificateForAnotherNameIsNotListenedTo() throws Exception {
        ServerIdentity other = identity("somebody-else.sidestep-system.svc");
        server = serve(other);
        var unused = watch(link(other, "cp-1"));
        assertThat(next()).startsWith("lost: UNAVAILABLE");
    }

    @Test
    void whoIsNoReplicaIsNotAnswered() throws Exception {
        var unused = watch(link(identity, "web-1"));
        assertThat(next()).isEqualTo("lost: PERMISSION_DENIED: default/web-1 is no replica of this control plane");
    }

    @Test
    void whoStopsAskingIsForgotten() throws Exception {
        watch(link(identity, "cp-1")).join().cancel();
        Await.until("it hears that it is over", SOON, () -> next().startsWith("lost: CANCELLED"));
    }

    @Test
    void saysWhatItHasToSayOnATopic() throws Exception {
        GrpcPeerLink link = link(identity, "cp-1");
        assertThat(ask(link, "clients").join()).containsExactly(42);
        CompletableFuture<byte[]> unknown = ask(link, "weather");
        assertThatThrownBy(unknown::join).hasMessageContaining("\"weather\": no such topic here");
    }

    private CompletableFuture<byte[]> ask(GrpcPeerLink link, String topic) {
        var answer = new CompletableFuture<byte[]>();
        owner.execute(() -> link.ask(
                peer(),
                topic,
                SOON,
                answer::complete,
                reason -> answer.completeExceptionally(new IllegalStateException(reason))));
        return answer;
    }

    @Test
    void aPodIsToldOfItsOwnEndOnly() throws Exception {
        pods(TestMesh.Pod.TERMINATING);
        List<DrainedResponse> own = drained("web-1", "web-1");
        assertThat(own.get(0).getOver()).isFalse();
        assertThat(own.get(1).getOver()).isTrue();
        assertThat(own.get(1).getText()).startsWith("pod default/web-1: all clients know after 1.0");

        assertThatThrownBy(() -> drained("web-1", "web-2"))
                .hasMessage("PERMISSION_DENIED: the token is default/web-1's, not pod default/web-2's;"
                        + " a pod may ask for its own end only");
        assertThatThrownBy(() -> drained("web-1", ""))
                .hasMessage("INVALID_ARGUMENT: which pod ends? the request names none; set SIDESTEP_POD_NAME");
    }

    private List<DrainedResponse> drained(String token, String pod) throws IOException {
        Path file = Files.writeString(folder.resolve("token"), token);
        ManagedChannel channel = new PeerChannels(identity, file, NAME).connect(peer());
        closing.add(channel::shutdownNow);
        var responses = new ArrayList<DrainedResponse>();
        ClientCalls.blockingServerStreamingCall(
                        channel,
                        DrainMethods.DRAINED,
                        CallOptions.DEFAULT,
                        DrainedRequest.newBuilder()
                                .setNamespace("default")
                                .setPod(pod)
                                .setCapMillis(10_000)
                                .build())
                .forEachRemaining(responses::add);
        return responses;
    }

    @Test
    void aWaitEndsWithItsCaller() throws Exception {
        Path file = Files.writeString(folder.resolve("token"), "web-1");
        ManagedChannel channel = new PeerChannels(identity, file, NAME).connect(peer());
        var responses = ClientCalls.blockingServerStreamingCall(
                channel,
                DrainMethods.DRAINED,
                CallOptions.DEFAULT,
                DrainedRequest.newBuilder()
                        .setNamespace("default")
                        .setPod("web-1")
                        .setCapMillis(300_000)
                        .build());
        assertThat(responses.next().getOver()).isFalse();
        channel.shutdownNow();
        Await.until("no wait is left", SOON, () -> drains.idle().get(1, TimeUnit.SECONDS) == null);
    }

    /** Tokens are names here: {@code cp-…} for replicas, others for pods of the namespace default. */
    private static final class Tokens implements ServerInterceptor {
        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            String token = String.valueOf(
                            headers.get(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER)))
                    .replace("Bearer ", "");
            boolean replica = token.startsWith("cp-");
            var caller = new Caller(
                    replica ? "sidestep-system" : "default",
                    replica ? "control-plane" : "default",
                    token,
                    "",
                    "",
                    Optional.empty());
            return Contexts.interceptCall(Context.current().withValue(Caller.KEY, caller), call, headers, next);
        }
    }
}
