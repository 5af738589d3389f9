package dev.sidestep.xds;

import dev.sidestep.load.LoadReport;
import dev.sidestep.load.LoadReport.Calls;
import dev.sidestep.model.ClusterName;
import dev.sidestep.xds.proto.core.SocketAddress;
import dev.sidestep.xds.proto.endpoint.ClusterStats;
import dev.sidestep.xds.proto.endpoint.EndpointLoadMetricStats;
import dev.sidestep.xds.proto.endpoint.UpstreamEndpointStats;
import dev.sidestep.xds.proto.endpoint.UpstreamLocalityStats;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Reads load reports, whoever wrote them. What makes no sense is left out; a client's figures are never worth more than
 * its word.
 */
public final class LoadDecoder {
    private static final double NANOS_PER_SECOND = 1e9;

    /** Far above what one process can do in any interval, far below what sums overflow at. */
    private static final long MOST = 1L << 40;

    private LoadDecoder() {}

    /** Empty if it is about no Service port. */
    public static Optional<LoadReport> decode(ClusterStats stats) {
        Optional<ClusterName> name =
                ClusterName.parse(stats.getClusterName()).or(() -> ClusterName.parse(stats.getClusterServiceName()));
        if (name.isEmpty()) {
            return Optional.empty();
        }
        var endpoints = new ArrayList<LoadReport.Endpoint>();
        var connections = new ArrayList<LoadReport.Connection>();
        Map<String, LoadReport.Others> others = new TreeMap<>();
        for (UpstreamLocalityStats locality : stats.getUpstreamLocalityStatsList()) {
            Calls all = new Calls(
                    count(locality.getTotalIssuedRequests()),
                    count(locality.getTotalSuccessfulRequests()),
                    count(locality.getTotalErrorRequests()),
                    count(locality.getTotalRequestsInProgress()),
                    nanos(locality.getLoadMetricStatsList()));
            Calls known = new Calls(0, 0, 0, 0, 0);
            for (UpstreamEndpointStats each : locality.getUpstreamEndpointStatsList()) {
                LoadReport.Endpoint endpoint = endpoint(each);
                endpoints.add(endpoint);
                known = sum(known, endpoint.calls());
            }
            Calls unknown = difference(all, known);
            if (!unknown.isNothing()) {
                endpoints.add(new LoadReport.Endpoint("", unknown));
            }
            for (EndpointLoadMetricStats metric : locality.getLoadMetricStatsList()) {
                connection(metric, connections, others);
            }
        }
        return Optional.of(new LoadReport(name.get(), endpoints, connections, List.copyOf(others.values())));
    }

    private static LoadReport.Endpoint endpoint(UpstreamEndpointStats stats) {
        SocketAddress address = stats.getAddress().getSocketAddress();
        String host = address.getAddress();
        return new LoadReport.Endpoint(
                (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + address.getPortValue(),
                new Calls(
                        count(stats.getTotalIssuedRequests()),
                        count(stats.getTotalSuccessfulRequests()),
                        count(stats.getTotalErrorRequests()),
                        count(stats.getTotalRequestsInProgress()),
                        nanos(stats.getLoadMetricStatsList())));
    }

    private static void connection(
            EndpointLoadMetricStats metric,
            List<LoadReport.Connection> connections,
            Map<String, LoadReport.Others> others) {
        String name = metric.getMetricName();
        long calls = count(metric.getNumRequestsFinishedWithMetric());
        long value = count(metric.getTotalMetricValue());
        if (name.startsWith(LoadMetric.CONNECTION)) {
            try {
                connections.add(new LoadReport.Connection(
                        Long.parseLong(name.substring(LoadMetric.CONNECTION.length())), value > 0, calls));
            } catch (NumberFormatException somebodyElses) {
                // Passed over.
            }
        } else if (name.startsWith(LoadMetric.CONNECTIONS)) {
            merge(others, name.substring(LoadMetric.CONNECTIONS.length()), new LoadReport.Others(value, 0, calls));
        } else if (name.startsWith(LoadMetric.OPENED)) {
            merge(others, name.substring(LoadMetric.OPENED.length()), new LoadReport.Others(0, value, 0));
        }
    }

    private static void merge(Map<String, LoadReport.Others> all, String number, LoadReport.Others part) {
        all.merge(
                number,
                part,
                (one, other) -> new LoadReport.Others(
                        one.connections() + other.connections(),
                        one.opened() + other.opened(),
                        one.calls() + other.calls()));
    }

    private static long nanos(List<EndpointLoadMetricStats> metrics) {
        for (EndpointLoadMetricStats metric : metrics) {
            double seconds = metric.getTotalMetricValue();
            if (metric.getMetricName().equals(LoadMetric.LATENCY) && seconds >= 0 && seconds < (double) MOST) {
                return Math.min(MOST * 1000, Math.round(seconds * NANOS_PER_SECOND));
            }
        }
        return 0;
    }

    /** What claims to be a count: unsigned, and so negative where it is beyond all counts. */
    private static long count(long value) {
        return value >= 0 && value < MOST ? value : 0;
    }

    private static long count(double value) {
        return value >= 0 && value < (double) MOST ? (long) value : 0;
    }

    private static Calls sum(Calls one, Calls other) {
        return new Calls(
                one.issued() + other.issued(),
                one.succeeded() + other.succeeded(),
                one.failed() + other.failed(),
                one.inProgress() + other.inProgress(),
                one.nanos() + other.nanos());
    }

    private static Calls difference(Calls all, Calls part) {
        return new Calls(
                Math.max(0, all.issued() - part.issued()),
                Math.max(0, all.succeeded() - part.succeeded()),
                Math.max(0, all.failed() - part.failed()),
                Math.max(0, all.inProgress() - part.inProgress()),
                Math.max(0, all.nanos() - part.nanos()));
    }
}
