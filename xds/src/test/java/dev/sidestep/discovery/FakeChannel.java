package dev.sidestep.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.concurrent.VirtualTimeExecutor;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryRequest;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryResponse;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A channel whose other end is the test; the owner's clock is moved by nobody else. */
final class FakeChannel extends ManagedChannel {
    /** One stream, as the server sees it. */
    final class Stream extends ClientCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> {
        private final List<DeltaDiscoveryRequest> received = new ArrayList<>();
        private @Nullable Listener<DeltaDiscoveryResponse> listener;
        private int wanted;
        private @Nullable String cancelled;

        @Override
        public void start(Listener<DeltaDiscoveryResponse> responses, Metadata headers) {
            listener = responses;
        }

        @Override
        public void request(int messages) {
            wanted += messages;
        }

        @Override
        public void sendMessage(DeltaDiscoveryRequest request) {
            if (cancelled != null) {
                throw new IllegalStateException("call was cancelled"); // As gRPC does.
            }
            received.add(request);
        }

        @Override
        public void cancel(@Nullable String message, @Nullable Throwable cause) {
            cancelled = String.valueOf(message);
            close(Status.CANCELLED.withDescription(message));
        }

        @Override
        public void halfClose() {
            throw new AssertionError("the client never ends its requests");
        }

        /** What came in since the last time. */
        List<DeltaDiscoveryRequest> take() {
            owner.advance(Duration.ZERO);
            List<DeltaDiscoveryRequest> taken = List.copyOf(received);
            received.clear();
            return taken;
        }

        boolean mayAnswer() {
            return wanted > 0;
        }

        @Nullable
        String cancelled() {
            return cancelled;
        }

        void answer(DeltaDiscoveryResponse response) {
            assertThat(wanted).as("answers the client can take").isPositive();
            wanted--;
            owner.run(() -> listener().onMessage(response));
            owner.advance(Duration.ZERO);
        }

        void close(Status status) {
            owner.execute(() -> listener().onClose(status, new Metadata()));
        }

        /** The connection is gone. */
        void lose() {
            close(Status.UNAVAILABLE.withDescription("connection reset"));
            owner.advance(Duration.ZERO);
        }

        private Listener<DeltaDiscoveryResponse> listener() {
            if (listener == null) {
                throw new AssertionError("not started");
            }
            return listener;
        }
    }

    final List<Stream> streams = new ArrayList<>();
    ConnectivityState state = ConnectivityState.READY;
    int resets;
    private final List<Runnable> onStateChange = new ArrayList<>();
    private final VirtualTimeExecutor owner;

    FakeChannel(VirtualTimeExecutor owner) {
        this.owner = owner;
    }

    Stream latest() {
        return streams.get(streams.size() - 1);
    }

    int callbacks() {
        return onStateChange.size();
    }

    void become(ConnectivityState next) {
        state = next;
        List<Runnable> told = List.copyOf(onStateChange);
        onStateChange.clear();
        told.forEach(Runnable::run);
        owner.advance(Duration.ZERO);
    }

    @Override
    @SuppressWarnings("unchecked") // The client calls one method.
    public <Q, A> ClientCall<Q, A> newCall(MethodDescriptor<Q, A> method, CallOptions options) {
        assertThat(method.getFullMethodName())
                .isEqualTo("envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources");
        assertThat(options.getExecutor()).isSameAs(owner);
        var stream = new Stream();
        streams.add(stream);
        return (ClientCall<Q, A>) stream;
    }

    @Override
    public ConnectivityState getState(boolean requestConnection) {
        return state;
    }

    @Override
    public void notifyWhenStateChanged(ConnectivityState source, Runnable callback) {
        onStateChange.add(callback);
    }

    @Override
    public void resetConnectBackoff() {
        resets++;
    }

    @Override
    public String authority() {
        return "test";
    }

    @Override
    public ManagedChannel shutdown() {
        return this;
    }

    @Override
    public ManagedChannel shutdownNow() {
        return this;
    }

    @Override
    public boolean isShutdown() {
        return false;
    }

    @Override
    public boolean isTerminated() {
        return false;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        return true;
    }
}
