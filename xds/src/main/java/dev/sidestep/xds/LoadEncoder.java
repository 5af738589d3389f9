package dev.sidestep.xds;

import com.google.protobuf.Duration;
import dev.sidestep.load.LoadReport;
import dev.sidestep.load.LoadReport.Calls;
import dev.sidestep.xds.proto.core.Address;
import dev.sidestep.xds.proto.core.SocketAddress;
import dev.sidestep.xds.proto.endpoint.ClusterStats;
import dev.sidestep.xds.proto.endpoint.EndpointLoadMetricStats;
import dev.sidestep.xds.proto.endpoint.UpstreamEndpointStats;
import dev.sidestep.xds.proto.endpoint.UpstreamLocalityStats;

/**
 * A {@link LoadReport} as LRS has it: everything in one locality without a name, since nobody asks by locality. What went
 * where it was going is in the locality's sums and in none of its endpoints.
 */
public final class LoadEncoder {
    private static final double NANOS_PER_SECOND = 1e9;

    private LoadEncoder() {}

    /**
     * As it is sent.
     *
     * @param interval the time that it is about
     */
    public static ClusterStats encode(LoadReport report, java.time.Duration interval) {
        var locality = UpstreamLocalityStats.newBuilder();
        long nanos = 0;
        for (LoadReport.Endpoint endpoint : report.endpoints()) {
            Calls calls = endpoint.calls();
            nanos += calls.nanos();
            locality.setTotalIssuedRequests(locality.getTotalIssuedRequests() + calls.issued())
                    .setTotalSuccessfulRequests(locality.getTotalSuccessfulRequests() + calls.succeeded())
                    .setTotalErrorRequests(locality.getTotalErrorRequests() + calls.failed())
                    .setTotalRequestsInProgress(locality.getTotalRequestsInProgress() + calls.inProgress());
            if (!endpoint.address().isEmpty()) {
                locality.addUpstreamEndpointStats(endpoint(endpoint));
            }
        }
        locality.addLoadMetricStats(metric(
                LoadMetric.LATENCY,
                locality.getTotalSuccessfulRequests() + locality.getTotalErrorRequests(),
                nanos / NANOS_PER_SECOND));
        for (LoadReport.Connection connection : report.connections()) {
            locality.addLoadMetricStats(
                    metric(LoadMetric.CONNECTION + connection.id(), connection.calls(), connection.opened() ? 1 : 0));
        }
        int number = 0;
        for (LoadReport.Others others : report.others()) {
            locality.addLoadMetricStats(
                    metric(LoadMetric.CONNECTIONS + number, others.calls(), (double) others.connections()));
            locality.addLoadMetricStats(metric(LoadMetric.OPENED + number, 0, (double) others.opened()));
            number++;
        }
        return ClusterStats.newBuilder()
                .setClusterName(report.service().value())
                .setClusterServiceName(report.service().value())
                .setLoadReportInterval(
                        Duration.newBuilder().setSeconds(interval.getSeconds()).setNanos(interval.getNano()))
                .addUpstreamLocalityStats(locality)
                .build();
    }

    private static UpstreamEndpointStats endpoint(LoadReport.Endpoint endpoint) {
        Calls calls = endpoint.calls();
        int colon = endpoint.address().lastIndexOf(':');
        String host = endpoint.address().substring(0, colon).replaceAll("[\\[\\]]", "");
        return UpstreamEndpointStats.newBuilder()
                .setAddress(Address.newBuilder()
                        .setSocketAddress(SocketAddress.newBuilder()
                                .setAddress(host)
                                .setPortValue(
                                        Integer.parseInt(endpoint.address().substring(colon + 1)))))
                .setTotalIssuedRequests(calls.issued())
                .setTotalSuccessfulRequests(calls.succeeded())
                .setTotalErrorRequests(calls.failed())
                .setTotalRequestsInProgress(calls.inProgress())
                .addLoadMetricStats(metric(
                        LoadMetric.LATENCY, calls.succeeded() + calls.failed(), calls.nanos() / NANOS_PER_SECOND))
                .build();
    }

    private static EndpointLoadMetricStats metric(String name, long count, double value) {
        return EndpointLoadMetricStats.newBuilder()
                .setMetricName(name)
                .setNumRequestsFinishedWithMetric(count)
                .setTotalMetricValue(value)
                .build();
    }
}
