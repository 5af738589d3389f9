package dev.sidestep.control.auth;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.sidestep.xds.AdsMethods;
import dev.sidestep.xds.InvalidResourceException;
import dev.sidestep.xds.ResourceType;
import dev.sidestep.xds.SelfDecoder;
import dev.sidestep.xds.proto.core.Node;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryRequest;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryResponse;
import io.grpc.CallOptions;
import io.grpc.ChannelCredentials;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.TlsChannelCredentials;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** One stream over TLS, which asks for its self and does nothing by itself. */
final class TlsStream {
    static final long SECONDS = 20;

    final BlockingQueue<DeltaDiscoveryResponse> responses = new LinkedBlockingQueue<>();
    final CompletableFuture<Void> headers = new CompletableFuture<>();
    final ClientCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> call;
    private final CompletableFuture<Status> closed = new CompletableFuture<>();

    /** A channel that trusts {@code bundle}; connects when it is used. */
    static ManagedChannel channel(InetSocketAddress address, String bundle, String name) throws IOException {
        ChannelCredentials credentials = TlsChannelCredentials.newBuilder()
                .trustManager(new ByteArrayInputStream(bundle.getBytes(StandardCharsets.US_ASCII)))
                .build();
        return NettyChannelBuilder.forAddress(address, credentials)
                .overrideAuthority(name)
                .build();
    }

    /** @param token "" for none */
    TlsStream(ManagedChannel channel, String token, Map<String, String> node) {
        call = channel.newCall(AdsMethods.CALL_DELTA, CallOptions.DEFAULT);
        var metadata = new Metadata();
        if (!token.isEmpty()) {
            metadata.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + token);
        }
        call.start(
                new ClientCall.Listener<>() {
                    @Override
                    public void onHeaders(Metadata received) {
                        headers.complete(null);
                    }

                    @Override
                    public void onMessage(DeltaDiscoveryResponse message) {
                        responses.add(message);
                        call.request(1);
                    }

                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        closed.complete(status);
                        headers.complete(null);
                    }
                },
                metadata);
        call.request(1);
        Struct.Builder fields = Struct.newBuilder();
        node.forEach((key, value) ->
                fields.putFields(key, Value.newBuilder().setStringValue(value).build()));
        call.sendMessage(DeltaDiscoveryRequest.newBuilder()
                .setNode(Node.newBuilder().setMetadata(fields))
                .setTypeUrl(ResourceType.SELF)
                .addResourceNamesSubscribe(ResourceType.SELF_NAME)
                .build());
    }

    /** The bundle of the next self. */
    String bundle() throws InterruptedException, InvalidResourceException {
        DeltaDiscoveryResponse response = responses.poll(SECONDS, TimeUnit.SECONDS);
        if (response == null) {
            throw new AssertionError("no answer within " + SECONDS + " s; closed: " + closed.getNow(null));
        }
        return SelfDecoder.caBundle(
                ResourceType.SELF_NAME, response.getResources(0).getResource().getValue());
    }

    boolean isOpen() {
        return !closed.isDone();
    }

    /** How it ended. */
    Status end() throws InterruptedException {
        try {
            return closed.get(SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException | ExecutionException e) {
            throw new AssertionError("still open after " + SECONDS + " s", e);
        }
    }
}
