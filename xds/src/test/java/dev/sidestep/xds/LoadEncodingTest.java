package dev.sidestep.xds;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.load.LoadReport;
import dev.sidestep.load.LoadReport.Calls;
import dev.sidestep.load.LoadReport.Connection;
import dev.sidestep.load.LoadReport.Endpoint;
import dev.sidestep.load.LoadReport.Others;
import dev.sidestep.model.ClusterName;
import dev.sidestep.xds.proto.endpoint.ClusterStats;
import dev.sidestep.xds.proto.endpoint.EndpointLoadMetricStats;
import dev.sidestep.xds.proto.endpoint.UpstreamLocalityStats;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

final class LoadEncodingTest {
    private static final ClusterName WEB = new ClusterName("web", "default", 80);

    @Test
    void whatIsReportedIsRead() {
        var report = new LoadReport(
                WEB,
                List.of(
                        new Endpoint("10.0.0.1:8080", new Calls(10, 7, 1, 2, 5_000_000)),
                        new Endpoint("[fd00:0:0:0:0:0:0:1]:8080", new Calls(3, 3, 0, 0, 2_000_000)),
                        new Endpoint("", new Calls(5, 4, 0, 1, 9_000_000))),
                List.of(new Connection(0, true, 12), new Connection(7, false, 3)),
                List.of(new Others(5, 5, 5), new Others(3, 0, 8)));

        ClusterStats stats = LoadEncoder.encode(report, Duration.ofSeconds(10));

        assertThat(stats.getClusterName()).isEqualTo("web.default.svc.cluster.local:80");
        assertThat(stats.getLoadReportInterval().getSeconds()).isEqualTo(10);
        UpstreamLocalityStats sums = stats.getUpstreamLocalityStats(0);
        assertThat(List.of(sums.getTotalIssuedRequests(), sums.getTotalSuccessfulRequests()))
                .containsExactly(18L, 14L);
        assertThat(sums.getUpstreamEndpointStatsList()).hasSize(2);
        assertThat(LoadDecoder.decode(stats)).contains(report);
    }

    @Test
    void aReportOfStrangersIsReadAsFarAsItMakesSense() {
        ClusterStats.Builder stats = ClusterStats.newBuilder()
                .setClusterName(WEB.value())
                .addUpstreamLocalityStats(UpstreamLocalityStats.newBuilder()
                        .setTotalIssuedRequests(4)
                        .setTotalErrorRequests(-1) // As unsigned, more than there ever were.
                        .addLoadMetricStats(metric("their.own", 1, 2))
                        .addLoadMetricStats(metric(LoadMetric.CONNECTION + "x", 1, 1))
                        .addLoadMetricStats(metric(LoadMetric.LATENCY, 1, Double.NaN)));

        assertThat(LoadDecoder.decode(stats.build()))
                .contains(
                        new LoadReport(WEB, List.of(new Endpoint("", new Calls(4, 0, 0, 0, 0))), List.of(), List.of()));
        assertThat(LoadDecoder.decode(stats.setClusterName("elsewhere").build()))
                .isEmpty();
    }

    private static EndpointLoadMetricStats metric(String name, long count, double value) {
        return EndpointLoadMetricStats.newBuilder()
                .setMetricName(name)
                .setNumRequestsFinishedWithMetric(count)
                .setTotalMetricValue(value)
                .build();
    }
}
