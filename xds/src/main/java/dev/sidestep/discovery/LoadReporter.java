package dev.sidestep.discovery;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.load.LoadReport;
import dev.sidestep.load.Loads;
import dev.sidestep.xds.LoadEncoder;
import dev.sidestep.xds.LrsMethods;
import dev.sidestep.xds.proto.endpoint.ClusterStats;
import dev.sidestep.xds.proto.loadstats.LoadStatsRequest;
import dev.sidestep.xds.proto.loadstats.LoadStatsResponse;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the control plane what this process sends to whom, by LRS, as often as the control plane wants to know. While it
 * is away the counts go on, and are told when it is back. Confined to {@code owner}, except where it is said.
 */
public final class LoadReporter {
    private static final Logger LOG = LoggerFactory.getLogger(LoadReporter.class);

    /** Servers read 4 MiB by default. */
    private static final int MOST_BYTES = 1 << 20;

    private static final Duration SHORTEST_INTERVAL = Duration.ofMillis(100);
    private static final Duration LONGEST_INTERVAL = Duration.ofMinutes(10);

    /** A server that knows no reports may be upgraded one day. */
    private static final Duration UNIMPLEMENTED = Duration.ofMinutes(10);

    private final Identity identity;
    private final ManagedChannel channel;
    private final SerialExecutor owner;
    private final Loads loads;
    private final Backoff backoff;
    private @Nullable Stream stream; // null while waiting for the next attempt
    private SerialExecutor.Cancellable next = () -> {};
    private boolean stopped;

    /**
     * Acts only after {@link #start}.
     *
     * @param channel the one that discovery uses
     * @param random from 0 to below 1, to spread reconnecting clients
     */
    public LoadReporter(
            Identity identity, ManagedChannel channel, SerialExecutor owner, Loads loads, DoubleSupplier random) {
        this.identity = identity;
        this.channel = channel;
        this.owner = owner;
        this.loads = loads;
        this.backoff = new Backoff(random);
    }

    /** Begins to report. Once, from any thread; returns at once. */
    public void start() {
        owner.execute(this::open);
    }

    /** Tells what is left to tell, and ends the stream. Any thread. */
    public void stop() {
        owner.execute(() -> {
            stopped = true;
            next.cancel();
            Stream last = stream;
            if (last != null) {
                last.report();
                last.call.halfClose();
            }
        });
    }

    private void open() {
        if (!stopped) {
            // Waits for the connection that discovery has made: a second one that fails tells nobody more.
            var opened = new Stream(channel.newCall(
                    LrsMethods.STREAM, CallOptions.DEFAULT.withExecutor(owner).withWaitForReady()));
            stream = opened;
            opened.start();
        }
    }

    private void onClosed(Stream closed, Status status) {
        if (stream != closed) {
            return;
        }
        stream = null;
        next.cancel();
        if (!stopped) {
            boolean unknown = status.getCode() == Status.Code.UNIMPLEMENTED;
            if (unknown) {
                LOG.info("the control plane takes no load reports; none are sent");
            }
            next = owner.schedule(unknown ? UNIMPLEMENTED : backoff.next(), this::open);
        }
    }

    private final class Stream extends ClientCall.Listener<LoadStatsResponse> {
        private final ClientCall<LoadStatsRequest, LoadStatsResponse> call;
        private Duration interval = SHORTEST_INTERVAL;
        private long reportedNanos;
        private boolean closed;

        Stream(ClientCall<LoadStatsRequest, LoadStatsResponse> call) {
            this.call = call;
        }

        void start() {
            call.start(this, new Metadata());
            call.request(1);
            call.sendMessage(
                    LoadStatsRequest.newBuilder().setNode(identity.message()).build());
            reportedNanos = owner.nanoTime();
        }

        @Override
        public void onMessage(LoadStatsResponse response) {
            owner.checkCurrent();
            backoff.reset();
            Duration wanted = Duration.ofSeconds(
                    response.getLoadReportingInterval().getSeconds(),
                    response.getLoadReportingInterval().getNanos());
            interval = wanted.compareTo(SHORTEST_INTERVAL) < 0
                    ? SHORTEST_INTERVAL
                    : wanted.compareTo(LONGEST_INTERVAL) > 0 ? LONGEST_INTERVAL : wanted;
            next.cancel();
            next = owner.schedule(interval, this::reportAgain);
            call.request(1);
        }

        private void reportAgain() {
            report();
            next = owner.schedule(interval, this::reportAgain);
        }

        void report() {
            if (closed || !call.isReady()) {
                return; // It is counted on, and told the next time.
            }
            Duration since = Duration.ofNanos(owner.nanoTime() - reportedNanos);
            reportedNanos = owner.nanoTime();
            List<ClusterStats> part = new ArrayList<>();
            int bytes = 0;
            for (LoadReport report : loads.take()) {
                ClusterStats stats = LoadEncoder.encode(report, since);
                if (bytes + stats.getSerializedSize() > MOST_BYTES) {
                    send(part);
                    part.clear();
                    bytes = 0;
                }
                part.add(stats);
                bytes += stats.getSerializedSize();
            }
            send(part);
        }

        private void send(List<ClusterStats> part) {
            if (!part.isEmpty()) {
                call.sendMessage(
                        LoadStatsRequest.newBuilder().addAllClusterStats(part).build());
            }
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            closed = true;
            onClosed(this, status);
        }
    }
}
