package dev.sidestep.control.ads;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.control.auth.Caller;
import dev.sidestep.xds.Frame;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Consumer;

/**
 * The gRPC edge: every callback becomes a task of the server's owner, and the next request is read when the last one was
 * handled, and not faster than the limits allow, so that a client cannot queue up work.
 */
final class CallHandler<Q> implements ServerCallHandler<Q, Frame> {
    /** A session and how it takes requests. */
    record Stream<Q>(Session session, Consumer<Q> requests) {}

    private final AdsServer server;
    private final BiFunction<Outlet, Peer, Stream<Q>> streams;

    CallHandler(AdsServer server, BiFunction<Outlet, Peer, Stream<Q>> streams) {
        this.server = server;
        this.streams = streams;
    }

    @Override
    public ServerCall.Listener<Q> startCall(ServerCall<Q, Frame> call, Metadata headers) {
        String address = String.valueOf(call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR));
        var peer = new Peer(
                address.startsWith("/") ? address.substring(1) : address, Optional.ofNullable(Caller.KEY.get()));
        Stream<Q> stream = streams.apply(new CallOutlet(call), peer);
        SerialExecutor owner = server.owner();
        XdsLimits limits = server.limits();
        var pace = new Pace(limits.requestsPerSecond(), limits.requestBurst(), owner.nanoTime());
        call.sendHeaders(new Metadata());
        owner.execute(() -> server.opened(stream.session()));
        call.request(1);
        return new ServerCall.Listener<>() {
            @Override
            public void onMessage(Q request) {
                owner.execute(() -> {
                    server.guard(stream.session(), () -> stream.requests().accept(request));
                    Duration pause = pace.next(owner.nanoTime());
                    if (pause.isZero()) {
                        call.request(1);
                    } else {
                        owner.schedule(pause, () -> call.request(1));
                    }
                });
            }

            @Override
            public void onReady() {
                owner.execute(() -> server.guard(stream.session(), stream.session()::flush));
            }

            @Override
            public void onHalfClose() {
                owner.execute(() -> {
                    stream.session().goAway("the client has closed its half");
                    server.closed(stream.session());
                });
            }

            @Override
            public void onCancel() {
                owner.execute(() -> server.closed(stream.session()));
            }

            @Override
            public void onComplete() {
                owner.execute(() -> server.closed(stream.session()));
            }
        };
    }

    /** Used by the server's owner alone, as {@link ServerCall} wants. */
    private static final class CallOutlet implements Outlet {
        private final ServerCall<?, Frame> call;

        CallOutlet(ServerCall<?, Frame> call) {
            this.call = call;
        }

        @Override
        public boolean isReady() {
            return !call.isCancelled() && call.isReady();
        }

        @Override
        public void send(Frame frame) {
            call.sendMessage(frame);
        }

        @Override
        public void goAway(String reason) {
            close(Status.UNAVAILABLE.withDescription(reason));
        }

        @Override
        public void refuse(String reason) {
            close(Status.RESOURCE_EXHAUSTED.withDescription(reason));
        }

        @Override
        public void deny(String reason) {
            close(Status.PERMISSION_DENIED.withDescription(reason));
        }

        private void close(Status status) {
            if (!call.isCancelled()) {
                call.close(status, new Metadata());
            }
        }
    }
}
