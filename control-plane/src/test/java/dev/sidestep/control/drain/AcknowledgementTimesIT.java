package dev.sidestep.control.drain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.concurrent.ThreadSerialExecutor;
import dev.sidestep.control.ads.AdsServer;
import dev.sidestep.control.ads.TestMesh;
import dev.sidestep.control.ads.TestMesh.Pod;
import dev.sidestep.control.ads.XdsLimits;
import dev.sidestep.control.ads.XdsListener;
import dev.sidestep.control.index.Change;
import dev.sidestep.control.index.ClusterIndex;
import dev.sidestep.control.index.Problems;
import dev.sidestep.xds.AdsMethods;
import dev.sidestep.xds.ResourceType;
import dev.sidestep.xds.proto.core.Node;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryRequest;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryResponse;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * From an EndpointSlice's change to the last client's acknowledgement, over real connections: one Service of ten pods, of
 * which one after the other leaves. The figures are printed; what is asserted would be missed only by something that waits.
 */
final class AcknowledgementTimesIT {
    private static final int CLIENTS_PER_CONNECTION = 50;
    private static final int ROUNDS = 9;
    private static final Duration WINDOW = Duration.ofMillis(100);

    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private final ThreadSerialExecutor owner = new ThreadSerialExecutor("control-plane");
    private final ClusterIndex index = new ClusterIndex(owner, new Problems(owner), WINDOW);
    private final AdsServer ads = TestMesh.server(owner, index);
    private final Departures departures = new Departures(owner, index, ads::generation);

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable each : opened) {
            each.close();
        }
        owner.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {100, 1000})
    void allClientsAcknowledgeWithinMoments(int clients) throws Exception {
        Map<String, Pod> pods = new TreeMap<>();
        for (int i = 1; i <= 10; i++) {
            pods.put("web-" + i, Pod.READY);
        }
        owner.execute(() -> {
            index.listen(touched -> {
                ads.onTouched(touched);
                departures.onTouched(touched);
            });
            index.synced();
            ads.onSynced();
            departures.onSynced();
            index.apply(List.of(
                    Change.put(TestMesh.service("web", "10.96.0.10")), Change.put(TestMesh.slice("web", pods))));
        });
        connect(clients);
        List<Long> quiet = new ArrayList<>();
        List<Long> busy = new ArrayList<>();
        for (int i = 1; i <= ROUNDS; i++) {
            var quietAgain = new CompletableFuture<Long>(); // So that nothing is merged with the last.
            owner.schedule(WINDOW.multipliedBy(2), () -> quietAgain.complete(0L));
            quietAgain.join();
            boolean storm = i % 2 == 0;
            if (storm) { // A new pod turned ready just before, as in a rollout.
                pods.put("web-" + (100 + i), Pod.READY);
                Map<String, Pod> before = new TreeMap<>(pods);
                owner.execute(() -> index.apply(List.of(Change.put(TestMesh.slice("web", before)))));
            }
            pods.put("web-" + i, Pod.TERMINATING);
            long micros = leave("web-" + i, new TreeMap<>(pods));
            (storm ? busy : quiet).add(micros);
        }
        quiet.sort(null);
        busy.sort(null);
        System.out.printf(
                "%d clients: all acknowledged after %.1f ms (median; most %.1f), right after another change %.1f ms%n",
                clients,
                quiet.get(quiet.size() / 2) / 1e3,
                quiet.get(quiet.size() - 1) / 1e3,
                busy.get(busy.size() / 2) / 1e3);
        assertThat(quiet.get(quiet.size() / 2)).isLessThan(2_000_000);
    }

    private long leave(String pod, Map<String, Pod> pods) throws Exception {
        var acknowledged = new CompletableFuture<Long>();
        var watch = new LocalWatch[1];
        owner.execute(() -> {
            Runnable look = () -> {
                if (watch[0].isAcknowledged()) {
                    acknowledged.complete(System.nanoTime());
                }
            };
            watch[0] = new LocalWatch(departures, ads, new PodName("default", pod), look);
            watch[0].start();
        });
        long start = System.nanoTime();
        owner.execute(() -> index.apply(List.of(Change.put(TestMesh.slice("web", pods)))));
        long end = acknowledged.get(30, TimeUnit.SECONDS);
        owner.execute(() -> watch[0].close());
        return TimeUnit.NANOSECONDS.toMicros(end - start);
    }

    private void connect(int clients) throws Exception {
        XdsListener listener = XdsListener.start(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                List.of(ads.service()),
                XdsLimits.DEFAULT,
                Optional.empty());
        opened.add(listener);
        var connected = new CountDownLatch(clients);
        ManagedChannel channel = null;
        for (int i = 0; i < clients; i++) {
            if (channel == null || i % CLIENTS_PER_CONNECTION == 0) {
                ManagedChannel made = NettyChannelBuilder.forAddress(
                                new InetSocketAddress(InetAddress.getLoopbackAddress(), listener.port()))
                        .usePlaintext()
                        .directExecutor()
                        .build();
                opened.addFirst(made::shutdownNow);
                channel = made;
            }
            new Client("client-" + i, channel.newCall(AdsMethods.CALL_DELTA, CallOptions.DEFAULT), connected).start();
        }
        assertThat(connected.await(60, TimeUnit.SECONDS)).isTrue();
    }

    /** Says yes to everything at once. */
    private static final class Client extends ClientCall.Listener<DeltaDiscoveryResponse> {
        private final String id;
        private final ClientCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> call;
        private final CountDownLatch connected;

        Client(String id, ClientCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> call, CountDownLatch connected) {
            this.id = id;
            this.call = call;
            this.connected = connected;
        }

        void start() {
            call.start(this, new Metadata());
            call.sendMessage(DeltaDiscoveryRequest.newBuilder()
                    .setNode(Node.newBuilder().setId(id))
                    .setTypeUrl(ResourceType.SERVICE)
                    .addResourceNamesSubscribe(TestMesh.name("web"))
                    .build());
            call.request(1);
        }

        @Override
        public void onMessage(DeltaDiscoveryResponse response) {
            call.sendMessage(DeltaDiscoveryRequest.newBuilder()
                    .setTypeUrl(response.getTypeUrl())
                    .setResponseNonce(response.getNonce())
                    .build());
            call.request(1);
            if (response.getTypeUrl().equals(ResourceType.SERVICE)) {
                connected.countDown();
            }
        }
    }
}
