package dev.sidestep.control.drain;

import com.google.protobuf.ByteString;
import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.control.auth.Caller;
import dev.sidestep.xds.DrainCap;
import dev.sidestep.xds.DrainMethods;
import dev.sidestep.xds.proto.v1.AskRequest;
import dev.sidestep.xds.proto.v1.AskResponse;
import dev.sidestep.xds.proto.v1.DrainedRequest;
import dev.sidestep.xds.proto.v1.DrainedResponse;
import dev.sidestep.xds.proto.v1.WatchRequest;
import dev.sidestep.xds.proto.v1.WatchResponse;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The gRPC edge: who may ask what. Calls come in on any thread and go to the owner at once; answers are written on it.
 */
public final class DrainServices {
    private static final int MOST_NAMED = 5;

    private final SerialExecutor owner;
    private final Drains drains;
    private final Optional<Peers> peers;
    private final Predicate<Caller> isReplica;

    /**
     * @param peers empty where there can be none
     * @param isReplica whether a caller is a replica of this control plane
     */
    public DrainServices(SerialExecutor owner, Drains drains, Optional<Peers> peers, Predicate<Caller> isReplica) {
        this.owner = owner;
        this.drains = drains;
        this.peers = peers;
        this.isReplica = isReplica;
    }

    /** What a gRPC server has to offer for it. */
    public List<ServerServiceDefinition> services() {
        return List.of(
                ServerServiceDefinition.builder(DrainMethods.DRAIN_SERVICE)
                        .addMethod(DrainMethods.DRAINED, ServerCalls.asyncServerStreamingCall(this::drained))
                        .build(),
                ServerServiceDefinition.builder(DrainMethods.PEER_SERVICE)
                        .addMethod(DrainMethods.WATCH, ServerCalls.asyncServerStreamingCall(this::watch))
                        .addMethod(DrainMethods.ASK, ServerCalls.asyncUnaryCall(this::ask))
                        .build());
    }

    private void drained(DrainedRequest request, StreamObserver<DrainedResponse> response) {
        Caller caller = Caller.KEY.get(); // null without TLS, where whatever a client says of itself is believed.
        var pod = new PodName(request.getNamespace(), request.getPod());
        if (pod.name().isEmpty()) {
            response.onError(Status.INVALID_ARGUMENT
                    .withDescription("which pod ends? the request names none; set SIDESTEP_POD_NAME")
                    .asRuntimeException());
            return;
        }
        if (caller != null && !pod.equals(new PodName(caller.namespace(), caller.pod()))) {
            response.onError(Status.PERMISSION_DENIED
                    .withDescription(
                            "the token is " + caller + "'s, not pod " + pod + "'s; a pod may ask for its own end only")
                    .asRuntimeException());
            return;
        }
        Duration cap = DrainCap.bounded(Duration.ofMillis(Integer.toUnsignedLong(request.getCapMillis())));
        var stream = new Answers<>(response);
        owner.execute(() -> {
            stream.send(DrainedResponse.newBuilder().setText("waiting").build());
            Runnable giveUp = drains.begin(pod, cap, result -> {
                stream.send(DrainedResponse.newBuilder()
                        .setOver(true)
                        .setText(Drains.describe(pod, result))
                        .build());
                stream.complete();
            });
            stream.whenGone(giveUp);
        });
    }

    private void watch(WatchRequest request, StreamObserver<WatchResponse> response) {
        if (isRefused(Caller.KEY.get(), response)) {
            return;
        }
        var pod = new PodName(request.getNamespace(), request.getPod());
        var stream = new Answers<>(response);
        owner.execute(() -> {
            var watch = new LocalWatch[1];
            Runnable tell = () -> stream.send(WatchResponse.newBuilder()
                    .setAcknowledged(watch[0].isAcknowledged())
                    .setWaiting(watch[0].owing())
                    .addAllClients(watch[0].clients(MOST_NAMED))
                    .build());
            watch[0] = drains.watchLocally(pod, tell);
            watch[0].start();
            tell.run();
            stream.whenGone(watch[0]::close);
        });
    }

    private void ask(AskRequest request, StreamObserver<AskResponse> response) {
        if (isRefused(Caller.KEY.get(), response)) {
            return;
        }
        var stream = new Answers<>(response);
        owner.execute(() -> {
            Optional<byte[]> body = peers.flatMap(known -> known.ownAnswer(request.getTopic()));
            if (body.isEmpty()) {
                stream.fail(Status.NOT_FOUND.withDescription("\"" + request.getTopic() + "\": no such topic here"));
                return;
            }
            stream.send(AskResponse.newBuilder()
                    .setBody(ByteString.copyFrom(body.get()))
                    .build());
            stream.complete();
        });
    }

    private boolean isRefused(@Nullable Caller caller, StreamObserver<?> response) {
        if (caller != null && isReplica.test(caller)) {
            return false;
        }
        response.onError(Status.PERMISSION_DENIED
                .withDescription((caller == null ? "a caller without a token" : caller.toString())
                        + " is no replica of this control plane")
                .asRuntimeException());
        return true;
    }

    /** The answering half of one call; on the owner, after it was made. Says nothing to a caller that is gone. */
    private final class Answers<A> {
        private final ServerCallStreamObserver<A> response;
        private @Nullable Runnable whenGone;
        private boolean over;

        Answers(StreamObserver<A> response) {
            this.response = (ServerCallStreamObserver<A>) response; // As the server's always are.
            // In a task of its own: what it undoes may not be done yet.
            this.response.setOnCancelHandler(() -> owner.execute(this::gone));
        }

        private void gone() {
            if (!over) {
                over = true;
                if (whenGone != null) {
                    whenGone.run();
                }
            }
        }

        /** Does {@code undo} if the caller goes before the call is complete. */
        void whenGone(Runnable undo) {
            if (response.isCancelled()) {
                over = true;
                undo.run();
            } else {
                whenGone = undo;
            }
        }

        void send(A answer) {
            if (!over && !response.isCancelled()) {
                response.onNext(answer);
            }
        }

        void complete() {
            if (!over && !response.isCancelled()) {
                response.onCompleted();
            }
            over = true;
        }

        void fail(Status status) {
            if (!over && !response.isCancelled()) {
                response.onError(status.asRuntimeException());
            }
            over = true;
        }
    }
}
