package dev.sidestep.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Duration;
import dev.sidestep.concurrent.ThreadSerialExecutor;
import dev.sidestep.load.LoadReport;
import dev.sidestep.load.Loads;
import dev.sidestep.load.ServiceLoad;
import dev.sidestep.model.ClusterName;
import dev.sidestep.testkit.Await;
import dev.sidestep.xds.LoadDecoder;
import dev.sidestep.xds.LrsMethods;
import dev.sidestep.xds.proto.core.Node;
import dev.sidestep.xds.proto.loadstats.LoadStatsRequest;
import dev.sidestep.xds.proto.loadstats.LoadStatsResponse;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The reporter before a server that comes, goes, and does not know it. */
class LoadReporterIT {
    private static final java.time.Duration SOON = java.time.Duration.ofSeconds(20);
    private static final Identity IDENTITY = new Identity("it", "default", "n1", "it", "sidestep-agent", "0.1.0");

    private final ThreadSerialExecutor owner = new ThreadSerialExecutor("owner");
    private final Loads loads = new Loads();
    private final ServiceLoad web = loads.of(new ClusterName("web", "default", 80));
    private final List<Node> nodes = new CopyOnWriteArrayList<>();
    private final List<LoadReport> reports = new CopyOnWriteArrayList<>();
    private final List<StreamObserver<LoadStatsResponse>> streams = new CopyOnWriteArrayList<>();
    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
        owner.close();
    }

    private ServerServiceDefinition service() {
        return ServerServiceDefinition.builder(LrsMethods.SERVICE)
                .addMethod(LrsMethods.STREAM, ServerCalls.asyncBidiStreamingCall(responses -> {
                    streams.add(responses);
                    return new StreamObserver<LoadStatsRequest>() {
                        @Override
                        public void onNext(LoadStatsRequest request) {
                            if (request.hasNode()) {
                                nodes.add(request.getNode());
                                responses.onNext(LoadStatsResponse.newBuilder()
                                        .setSendAllClusters(true)
                                        .setLoadReportingInterval(
                                                Duration.newBuilder().setNanos(100_000_000))
                                        .build());
                            }
                            request.getClusterStatsList()
                                    .forEach(stats -> LoadDecoder.decode(stats).ifPresent(reports::add));
                        }

                        @Override
                        public void onError(Throwable error) {}

                        @Override
                        public void onCompleted() {
                            responses.onCompleted();
                        }
                    };
                }))
                .build();
    }

    private Server serve(String name, boolean knowsReports) throws IOException {
        InProcessServerBuilder builder = InProcessServerBuilder.forName(name);
        if (knowsReports) {
            builder.addService(service());
        }
        Server server = builder.build().start();
        open.add(server::shutdownNow);
        return server;
    }

    private LoadReporter report(String name) {
        ManagedChannel channel = InProcessChannelBuilder.forName(name).build();
        open.add(channel::shutdownNow);
        var reporter = new LoadReporter(IDENTITY, channel, owner, loads, () -> 0.1);
        reporter.start();
        return reporter;
    }

    private void call() {
        web.endpoint("10.0.0.1:80").started();
        web.connect().call();
    }

    private long issued() {
        return reports.stream()
                .flatMap(report -> report.endpoints().stream())
                .mapToLong(endpoint -> endpoint.calls().issued())
                .sum();
    }

    @Test
    void saysWhoItIsAndThenWhatItSends() throws IOException {
        serve("usual", true);
        report("usual");
        call();

        Await.until("a report", SOON, () -> issued() == 1);
        assertThat(nodes).singleElement().satisfies(node -> {
            assertThat(node.getId()).isEqualTo("it");
            assertThat(node.getUserAgentName()).isEqualTo("sidestep-agent");
        });
        assertThat(reports.get(0).connections()).containsExactly(new LoadReport.Connection(0, true, 1));
        call();
        Await.until("another report", SOON, () -> issued() == 2);
    }

    @Test
    void countsOnWhileNobodyListensAndTellsItLater() throws IOException {
        Server server = serve("away", true);
        report("away");
        call();
        Await.until("a report", SOON, () -> issued() == 1);

        server.shutdownNow();
        Await.until("the end", SOON, server::isTerminated);
        for (int i = 0; i < 10; i++) {
            call();
        }
        serve("away", true);

        Await.until("all calls, each once", SOON, () -> issued() == 11);
        assertThat(nodes).hasSizeGreaterThanOrEqualTo(2);
    }

    @Test
    void aServerThatKnowsNoReportsIsLeftAlone() throws IOException {
        Server server = serve("old", false);
        report("old");
        call();

        Await.until("the refusal to be heard", SOON, () -> {
            var heard = new java.util.concurrent.CompletableFuture<Boolean>();
            owner.execute(() -> heard.complete(true));
            return heard.get();
        });
        assertThat(server.isShutdown()).isFalse();
        assertThat(reports).isEmpty();
        assertThat(loads.take()).hasSize(1); // Still counted, for one that does.
    }

    @Test
    void tellsTheRestWhenItStops() throws IOException {
        serve("stopped", true);
        LoadReporter reporter = report("stopped");
        Await.until("a stream", SOON, () -> !nodes.isEmpty());
        call();

        reporter.stop();
        Await.until("the rest", SOON, () -> issued() == 1);
    }
}
