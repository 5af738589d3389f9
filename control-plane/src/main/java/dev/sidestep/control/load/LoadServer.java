package dev.sidestep.control.load;

import com.google.protobuf.Duration;
import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.control.auth.Caller;
import dev.sidestep.xds.LoadDecoder;
import dev.sidestep.xds.LrsMethods;
import dev.sidestep.xds.proto.loadstats.LoadStatsRequest;
import dev.sidestep.xds.proto.loadstats.LoadStatsResponse;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Takes load reports (LRS). The next message of a client is read when the last one was taken, and not before a moment has
 * passed, so that nobody can keep the owner busy. Confined to {@code owner}, the store's, but for {@link #service}.
 */
public final class LoadServer {
    private static final java.time.Duration PACE = java.time.Duration.ofMillis(20);

    private final SerialExecutor owner;
    private final LoadStore store;
    private final LoadStatsResponse wish;
    private final Counter reports;
    private final Set<Stream> streams = new LinkedHashSet<>();
    private boolean draining;

    /**
     * Asks nobody yet.
     *
     * @param interval how often clients are to report
     */
    public LoadServer(SerialExecutor owner, LoadStore store, java.time.Duration interval, MeterRegistry registry) {
        this.owner = owner;
        this.store = store;
        wish = LoadStatsResponse.newBuilder()
                .setSendAllClusters(true)
                .setReportEndpointGranularity(true)
                .setLoadReportingInterval(
                        Duration.newBuilder().setSeconds(interval.getSeconds()).setNanos(interval.getNano()))
                .build();
        reports = Counter.builder("sidestep.load.reports")
                .description("Messages of clients that tell what they send to whom")
                .register(registry);
    }

    /** What a gRPC server has to offer for it. */
    public ServerServiceDefinition service() {
        return ServerServiceDefinition.builder(ServiceDescriptor.newBuilder(LrsMethods.SERVICE)
                        .addMethod(LrsMethods.STREAM)
                        .build())
                .addMethod(LrsMethods.STREAM, (call, headers) -> {
                    var stream = new Stream(call, Optional.ofNullable(Caller.KEY.get()));
                    call.sendHeaders(new Metadata());
                    owner.execute(() -> opened(stream));
                    call.request(1);
                    return stream;
                })
                .build();
    }

    private void opened(Stream stream) {
        streams.add(stream);
        if (draining) {
            stream.goAway();
        }
    }

    /** Sends everybody away; they come back, to whoever takes reports then. */
    public void drain() {
        owner.checkCurrent();
        draining = true;
        List.copyOf(streams).forEach(Stream::goAway);
    }

    /** One client's. Callbacks only enqueue. */
    private final class Stream extends ServerCall.Listener<LoadStatsRequest> {
        private final ServerCall<LoadStatsRequest, LoadStatsResponse> call;
        private final Optional<Caller> caller;
        private @Nullable Reporter reporter;

        Stream(ServerCall<LoadStatsRequest, LoadStatsResponse> call, Optional<Caller> caller) {
            this.call = call;
            this.caller = caller;
        }

        @Override
        public void onMessage(LoadStatsRequest request) {
            owner.execute(() -> {
                take(request);
                owner.schedule(PACE, () -> call.request(1));
            });
        }

        private void take(LoadStatsRequest request) {
            if (!streams.contains(this)) {
                return;
            }
            Reporter known = reporter;
            if (known == null) {
                known = Reporter.of(request.getNode(), caller);
                reporter = known;
                call.sendMessage(wish);
            }
            Reporter who = known;
            reports.increment();
            request.getClusterStatsList()
                    .forEach(stats -> LoadDecoder.decode(stats).ifPresent(report -> store.add(who, report)));
        }

        void goAway() {
            if (streams.remove(this) && !call.isCancelled()) {
                call.close(Status.UNAVAILABLE.withDescription("the control plane is shutting down"), new Metadata());
            }
        }

        @Override
        public void onHalfClose() {
            owner.execute(() -> {
                if (streams.remove(this) && !call.isCancelled()) {
                    call.close(Status.OK, new Metadata());
                }
            });
        }

        @Override
        public void onCancel() {
            owner.execute(() -> streams.remove(this));
        }

        @Override
        public void onComplete() {
            owner.execute(() -> streams.remove(this));
        }
    }
}
