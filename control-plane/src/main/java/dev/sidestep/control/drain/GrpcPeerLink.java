package dev.sidestep.control.drain;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.concurrent.SerialExecutor.Cancellable;
import dev.sidestep.xds.DrainMethods;
import dev.sidestep.xds.proto.v1.AskRequest;
import dev.sidestep.xds.proto.v1.AskResponse;
import dev.sidestep.xds.proto.v1.WatchRequest;
import dev.sidestep.xds.proto.v1.WatchResponse;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** By gRPC, over one connection to each replica, which closes when nobody asks. Confined to {@code owner}. */
final class GrpcPeerLink implements PeerLink {
    private final SerialExecutor owner;
    private final Function<Peer, ManagedChannel> connect;
    private final Map<Peer, ManagedChannel> channels = new HashMap<>();

    /** @param connect makes the channel to a replica, with TLS, its name checked, and our token on every call */
    GrpcPeerLink(SerialExecutor owner, Function<Peer, ManagedChannel> connect) {
        this.owner = owner;
        this.connect = connect;
    }

    @Override
    public Cancellable watch(Peer replica, PodName pod, Listener listener) {
        owner.checkCurrent();
        ManagedChannel channel = channel(replica);
        // The caller tries again by itself, and is not to wait for gRPC's own patience with a replica that was away.
        channel.resetConnectBackoff();
        ClientCall<WatchRequest, WatchResponse> call =
                channel.newCall(DrainMethods.WATCH, CallOptions.DEFAULT.withExecutor(owner));
        call.start(
                new ClientCall.Listener<>() {
                    @Override
                    public void onMessage(WatchResponse message) {
                        listener.onStanding(message.getAcknowledged(), message.getWaiting(), message.getClientsList());
                        call.request(1);
                    }

                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        listener.onLost(reason(status));
                    }
                },
                new Metadata());
        call.sendMessage(WatchRequest.newBuilder()
                .setNamespace(pod.namespace())
                .setPod(pod.name())
                .build());
        call.halfClose();
        call.request(1);
        return () -> call.cancel("no longer of interest", null);
    }

    @Override
    public void ask(Peer replica, String topic, Duration limit, Consumer<byte[]> answered, Consumer<String> failed) {
        owner.checkCurrent();
        ClientCalls.asyncUnaryCall(
                channel(replica)
                        .newCall(
                                DrainMethods.ASK,
                                CallOptions.DEFAULT
                                        .withExecutor(owner)
                                        .withDeadlineAfter(limit.toNanos(), TimeUnit.NANOSECONDS)),
                AskRequest.newBuilder().setTopic(topic).build(),
                new StreamObserver<>() {
                    @Override
                    public void onNext(AskResponse response) {
                        answered.accept(response.getBody().toByteArray());
                    }

                    @Override
                    public void onError(Throwable failure) {
                        failed.accept(reason(Status.fromThrowable(failure)));
                    }

                    @Override
                    public void onCompleted() {
                        // Told with the answer; without one gRPC tells an error.
                    }
                });
    }

    private static String reason(Status status) {
        @Nullable Throwable cause = status.getCause();
        return status.getCode()
                + (status.getDescription() == null ? "" : ": " + status.getDescription())
                + (cause == null || cause.getMessage() == null ? "" : ": " + cause.getMessage());
    }

    private ManagedChannel channel(Peer replica) {
        return channels.computeIfAbsent(replica, connect);
    }

    /** Lets go of all connections: whom to trust has changed. Whoever is asking asks again, by new ones. */
    void reconnect() {
        retain(Set.of());
    }

    @Override
    public void retain(Collection<Peer> replicas) {
        owner.checkCurrent();
        for (Peer gone : Set.copyOf(channels.keySet())) {
            if (!replicas.contains(gone)) {
                ManagedChannel channel = channels.remove(gone);
                if (channel != null) {
                    channel.shutdownNow();
                }
            }
        }
    }

    @Override
    public void close() {
        retain(Set.of());
    }
}
