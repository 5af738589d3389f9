package dev.sidestep.control;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.Endpoint;
import dev.sidestep.model.Self;
import dev.sidestep.testkit.Await;
import dev.sidestep.xds.AdsMethods;
import dev.sidestep.xds.InvalidResourceException;
import dev.sidestep.xds.ResourceType;
import dev.sidestep.xds.SelfDecoder;
import dev.sidestep.xds.ServiceDecoder;
import dev.sidestep.xds.proto.core.Node;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryRequest;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryResponse;
import dev.sidestep.xds.proto.discovery.Resource;
import dev.sidestep.xds.proto.rpc.Status;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A client of the incremental variant that does what a test tells it, and nothing by itself. */
final class DeltaClient implements AutoCloseable {
    static final Duration SOON = Duration.ofSeconds(10);

    final BlockingQueue<DeltaDiscoveryResponse> responses = new LinkedBlockingQueue<>();
    final CompletableFuture<io.grpc.Status> closed = new CompletableFuture<>();

    private final ManagedChannel channel;
    private final ClientCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> call;
    private final Map<String, String> versions = new TreeMap<>();
    private boolean introduced;

    DeltaClient(InetSocketAddress address) {
        channel = NettyChannelBuilder.forAddress(address)
                .flowControlWindow(64 << 10) // Small, so that a test can fill it.
                .usePlaintext()
                .build();
        call = channel.newCall(AdsMethods.CALL_DELTA, CallOptions.DEFAULT);
        call.start(
                new ClientCall.Listener<>() {
                    @Override
                    public void onMessage(DeltaDiscoveryResponse message) {
                        responses.add(message);
                    }

                    @Override
                    public void onClose(io.grpc.Status status, Metadata trailers) {
                        closed.complete(status);
                    }
                },
                new Metadata());
    }

    /** Reads that many responses more. */
    void read(int count) {
        call.request(count);
    }

    void send(DeltaDiscoveryRequest.Builder request) {
        if (!introduced) {
            introduced = true;
            request.setNode(Node.newBuilder()
                    .setId("test")
                    .setUserAgentName("test")
                    .setMetadata(Struct.newBuilder()
                            .putFields("namespace", text("default"))
                            .putFields("node", text("n1"))));
        }
        call.sendMessage(request.build());
    }

    private static Value text(String value) {
        return Value.newBuilder().setStringValue(value).build();
    }

    void subscribe(String type, String... names) {
        send(DeltaDiscoveryRequest.newBuilder().setTypeUrl(type).addAllResourceNamesSubscribe(List.of(names)));
    }

    void unsubscribe(String type, String... names) {
        send(DeltaDiscoveryRequest.newBuilder().setTypeUrl(type).addAllResourceNamesUnsubscribe(List.of(names)));
    }

    /** Asks for names as one that comes back with {@code had}. */
    void resume(String type, Map<String, String> had, String... names) {
        send(DeltaDiscoveryRequest.newBuilder()
                .setTypeUrl(type)
                .putAllInitialResourceVersions(had)
                .addAllResourceNamesSubscribe(List.of(names)));
    }

    /** The next response of {@code type}, acknowledged; those of other types before it are acknowledged and dropped. */
    DeltaDiscoveryResponse next(String type) {
        while (true) {
            DeltaDiscoveryResponse response = next();
            send(DeltaDiscoveryRequest.newBuilder()
                    .setTypeUrl(response.getTypeUrl())
                    .setResponseNonce(response.getNonce()));
            if (response.getTypeUrl().equals(type)) {
                return response;
            }
        }
    }

    /** The next response, whatever it is, without a word to it. */
    DeltaDiscoveryResponse next() {
        try {
            read(1);
            @Nullable DeltaDiscoveryResponse response = responses.poll(SOON.toSeconds(), TimeUnit.SECONDS);
            if (response == null) {
                throw new AssertionError("no response within " + SOON + (closed.isDone() ? ": " + closed.join() : ""));
            }
            response.getResourcesList().forEach(resource -> versions.put(resource.getName(), resource.getVersion()));
            return response;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    void refuse(DeltaDiscoveryResponse response, String reason) {
        send(DeltaDiscoveryRequest.newBuilder()
                .setTypeUrl(response.getTypeUrl())
                .setResponseNonce(response.getNonce())
                .setErrorDetail(Status.newBuilder().setCode(3).setMessage(reason)));
    }

    /** The versions of all it ever got, by name. */
    Map<String, String> versions() {
        return new TreeMap<>(versions);
    }

    /** Reads until the only resource of a response is a Service with these endpoints. */
    Cluster awaitEndpoints(String... hostPorts) {
        return Await.untilPresent("endpoints " + List.of(hostPorts), SOON, () -> {
            Cluster cluster = cluster(next(ResourceType.SERVICE));
            List<String> seen =
                    cluster.endpoints().stream().map(Endpoint::hostPort).toList();
            return seen.equals(List.of(hostPorts)) ? java.util.Optional.of(cluster) : java.util.Optional.empty();
        });
    }

    static Cluster cluster(DeltaDiscoveryResponse response) {
        if (response.getResourcesCount() != 1) {
            throw new AssertionError("expected one resource, not " + response.getResourcesCount());
        }
        Resource resource = response.getResources(0);
        try {
            return ServiceDecoder.decode(
                    resource.getName(), resource.getResource().getValue());
        } catch (InvalidResourceException e) {
            throw new AssertionError(e);
        }
    }

    static Self self(DeltaDiscoveryResponse response) {
        try {
            return SelfDecoder.decode(
                    ResourceType.SELF_NAME,
                    response.getResources(0).getResource().getValue());
        } catch (InvalidResourceException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
