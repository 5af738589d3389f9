package dev.sidestep.discovery;

import static dev.sidestep.discovery.Answer.BACKEND;
import static dev.sidestep.discovery.Answer.OTHER;
import static dev.sidestep.discovery.Answer.encoded;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import dev.sidestep.balancing.Discovery;
import dev.sidestep.concurrent.ThreadSerialExecutor;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.Self;
import dev.sidestep.testkit.Await;
import dev.sidestep.xds.ResourceType;
import dev.sidestep.xds.WireForm;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryRequest;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The client on real sockets and threads, before a server that does as it is told. */
class DiscoveryIT {
    private static final Duration SOON = ofSeconds(20);
    private static final Identity IDENTITY = new Identity("it", "default", "", "", "sidestep-agent", "0.1.0");

    private final FakeAds ads = new FakeAds();
    private final ThreadSerialExecutor owner = new ThreadSerialExecutor("owner");
    private final Heard heard = new Heard();
    private final List<AutoCloseable> open = new CopyOnWriteArrayList<>();
    private @Nullable DiscoveryClient started;

    /** What the load balancer hears, for any thread to look at. */
    private static final class Heard implements Discovery.Watcher {
        private final List<String> events = new CopyOnWriteArrayList<>();
        private final Map<String, Integer> endpoints = new ConcurrentHashMap<>();

        @Override
        public void onSelf(Self self) {
            events.add("self");
        }

        @Override
        public void onCluster(String name, Cluster cluster, Duration age) {
            endpoints.put(name, cluster.endpoints().size());
        }

        @Override
        public void onAbsent(String name) {
            endpoints.put(name, -1);
        }

        @Override
        public void onConnected() {
            events.add("connected");
        }

        @Override
        public void onDisconnected() {
            events.add("disconnected");
        }

        long count(String event) {
            return events.stream().filter(event::equals).count();
        }
    }

    @AfterEach
    void end() throws Exception {
        if (started != null) {
            started.stop();
        }
        for (AutoCloseable one : open) {
            one.close();
        }
        owner.close();
    }

    @Test
    void followsWhatTheServerKnows() throws IOException {
        Server server = server(0);
        ads.put(encoded(BACKEND, 3));
        ask(client(server.getPort()), BACKEND, OTHER);
        awaitEndpoints(BACKEND, 3);
        awaitEndpoints(OTHER, -1);
        ads.put(encoded(OTHER, 1));
        awaitEndpoints(OTHER, 1);
        assertThat(heard.events).containsExactly("self", "connected");
    }

    @Test
    void worksWithinOneProcess() throws IOException {
        Server server = InProcessServerBuilder.forName("ads")
                .addService(ads.service())
                .build()
                .start();
        open.add(server::shutdownNow);
        ads.put(encoded(BACKEND, 3));
        ask(start(InProcessChannelBuilder.forName("ads").build()), BACKEND);
        awaitEndpoints(BACKEND, 3);
    }

    @Test
    void survivesARestartOfTheServerAndIsNotToldAgainWhatItKnows() throws Exception {
        Server server = server(0);
        ads.put(encoded(BACKEND, 3));
        ask(client(server.getPort()), BACKEND);
        awaitEndpoints(BACKEND, 3);
        int before = ads.requests().size();
        int port = server.getPort();
        server.shutdownNow().awaitTermination();
        await("disconnected", () -> heard.count("disconnected") == 1);
        server(port);
        await("connected again", () -> heard.count("connected") == 2);
        // The last ACK to the first server may be recorded only now; what is asked anew answers nothing.
        await("asked again", () -> askedSince(before).size() == 1);
        assertThat(askedSince(before)).first().satisfies(it -> {
            assertThat(it.getResourceNamesSubscribeList()).containsExactly(BACKEND);
            assertThat(it.getInitialResourceVersionsMap())
                    .containsOnly(entry(BACKEND, encoded(BACKEND, 3).version()));
        });
        ads.put(encoded(BACKEND, 4));
        awaitEndpoints(BACKEND, 4);
    }

    private List<DeltaDiscoveryRequest> askedSince(int before) {
        return ads.requests().stream()
                .skip(before)
                .filter(it -> it.getTypeUrl().equals(ResourceType.SERVICE)
                        && it.getResponseNonce().isEmpty())
                .toList();
    }

    @Test
    void findsAServerThatComesUpLaterThanItself() throws IOException {
        Server server = server(0);
        int port = server.getPort();
        server.shutdownNow();
        DiscoveryClient client = client(port);
        ask(client, BACKEND);
        await("a failed attempt", () -> !status(client).lastError().isEmpty());
        assertThat(status(client).lastError()).startsWith("UNAVAILABLE").contains("Connection refused");
        ads.put(encoded(BACKEND, 3));
        server(port);
        awaitEndpoints(BACKEND, 3);
        assertThat(heard.events).containsExactly("self", "connected");
    }

    @Test
    void noticesAPeerThatVanishedWithoutAWord() throws IOException {
        Server server = server(0);
        var relay = new Relay(server.getPort());
        relay.start();
        open.add(relay);
        ads.put(encoded(BACKEND, 3));
        ask(client(relay.port()), BACKEND);
        awaitEndpoints(BACKEND, 3);
        relay.goDeaf();
        long at = System.nanoTime();
        // gRPC lets nobody ask more often than every 10 s.
        await("disconnected", () -> heard.count("disconnected") == 1);
        assertThat(Duration.ofNanos(System.nanoTime() - at)).isLessThan(ofSeconds(18));
        relay.hearAgain();
        ads.put(encoded(BACKEND, 4));
        await("connected again", () -> heard.count("connected") == 2);
        awaitEndpoints(BACKEND, 4);
    }

    @Test
    void waitsForASlowServerOnOneStream() throws IOException {
        ads.takeItsTime(3000);
        ads.put(encoded(BACKEND, 3));
        Server server = server(0);
        DiscoveryClient client = client(server.getPort());
        ask(client, BACKEND);
        assertThat(status(client).connectedFor()).isEmpty();
        awaitEndpoints(BACKEND, 3);
        assertThat(ads.streams()).isOne();
    }

    @Test
    void aServerThatRepeatsWhatIsRefusedKeepsNobodyBusy() throws Exception {
        ads.repeatRefused();
        Server server = server(0);
        ask(client(server.getPort()), BACKEND, OTHER);
        awaitEndpoints(OTHER, -1);
        ads.put(WireForm.of(ResourceType.SERVICE, BACKEND, "?!"));
        await("a refusal", () -> ads.refusals() > 0);
        assertThat(new CountDownLatch(1).await(4, TimeUnit.SECONDS)).isFalse();
        assertThat(ads.refusals()).isBetween(2L, 6L);
        ads.put(encoded(OTHER, 1));
        awaitEndpoints(OTHER, 1);
        ads.put(encoded(BACKEND, 1));
        awaitEndpoints(BACKEND, 1);
    }

    @Test
    void aClientThatIsBusyGetsTheLatestAndNotAllBefore() throws Exception {
        Server server = server(0);
        ads.put(encoded(BACKEND, 1));
        ask(client(server.getPort()), BACKEND);
        awaitEndpoints(BACKEND, 1);
        var busy = new CountDownLatch(1);
        owner.execute(() -> {
            try {
                busy.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        int told = 0;
        for (int change = 0; change < 20_000; change++) {
            told += ads.putWhereReady(encoded(BACKEND, 100 + change % 100));
        }
        assertThat(told).as("taken while it was busy").isLessThan(1000);
        busy.countDown();
        ads.put(encoded(BACKEND, 250));
        awaitEndpoints(BACKEND, 250);
    }

    private Server server(int port) throws IOException {
        Server server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
                .permitKeepAliveTime(1, TimeUnit.SECONDS)
                .addService(ads.service())
                .build()
                .start();
        open.add(server::shutdownNow);
        return server;
    }

    private DiscoveryClient client(int port) {
        return start(NettyChannelBuilder.forAddress("127.0.0.1", port)
                .usePlaintext()
                .keepAliveTime(10, TimeUnit.SECONDS)
                .keepAliveTimeout(2, TimeUnit.SECONDS)
                .build());
    }

    private DiscoveryClient start(ManagedChannel channel) {
        open.add(channel::shutdownNow);
        var client = new DiscoveryClient(IDENTITY, channel, owner, heard, new Random(1)::nextDouble, Optional.empty());
        client.start();
        started = client;
        return client;
    }

    private void ask(DiscoveryClient client, String... names) {
        owner.execute(() -> List.of(names).forEach(client::subscribe));
    }

    private static DiscoveryStatus status(DiscoveryClient client) {
        return client.status().orTimeout(5, TimeUnit.SECONDS).join();
    }

    private void awaitEndpoints(String name, int expected) {
        Await.until(
                name + " with " + expected,
                SOON,
                () -> heard.endpoints.getOrDefault(name, -2) == expected,
                () -> heard.endpoints + " " + heard.events);
    }

    private void await(String what, Callable<Boolean> condition) {
        Await.until(what, SOON, condition, () -> heard.endpoints + " " + heard.events);
    }
}
