package dev.sidestep.interop.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Duration;
import com.google.protobuf.Message;
import com.google.protobuf.Struct;
import com.google.protobuf.UInt32Value;
import com.google.protobuf.Value;
import com.google.rpc.Status;
import io.envoyproxy.envoy.config.core.v3.Address;
import io.envoyproxy.envoy.config.core.v3.Locality;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterStats;
import io.envoyproxy.envoy.config.endpoint.v3.Endpoint;
import io.envoyproxy.envoy.config.endpoint.v3.EndpointLoadMetricStats;
import io.envoyproxy.envoy.config.endpoint.v3.LbEndpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LocalityLbEndpoints;
import io.envoyproxy.envoy.config.endpoint.v3.UpstreamEndpointStats;
import io.envoyproxy.envoy.config.endpoint.v3.UpstreamLocalityStats;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.envoyproxy.envoy.service.load_stats.v3.LoadStatsRequest;
import io.envoyproxy.envoy.service.load_stats.v3.LoadStatsResponse;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What we write is what Envoy's classes read, and the other way round. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ConformanceIT {
    @TempDir
    private Path folder;

    private List<Sample> written = List.of();

    @BeforeAll
    void write(@TempDir Path own) throws IOException {
        written = OurSide.written(own);
    }

    @Test
    void everyKindOfMessageIsHeldAgainstTheOfficialOne() {
        assertThat(written.stream().map(Sample::type).collect(Collectors.toSet()))
                .containsExactlyInAnyOrder(
                        "envoy.config.cluster.v3.Cluster",
                        "envoy.config.endpoint.v3.ClusterLoadAssignment",
                        "envoy.config.listener.v3.Listener",
                        "envoy.config.route.v3.RouteConfiguration",
                        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                        "envoy.service.discovery.v3.DeltaDiscoveryRequest",
                        "envoy.service.discovery.v3.DeltaDiscoveryResponse",
                        "envoy.service.discovery.v3.DiscoveryResponse",
                        "envoy.service.load_stats.v3.LoadStatsRequest",
                        "envoy.service.load_stats.v3.LoadStatsResponse");
    }

    @Test
    void theOfficialClassesFindTheSameFieldsAndValuesInWhatWeWrite() throws IOException {
        for (Sample sample : written) {
            Message official = Official.parse(sample);
            assertThat(Sample.fields(official.toString())).as(sample.type()).isEqualTo(Sample.fields(sample.text()));
        }
    }

    @Test
    void whatWeWriteKeepsAllOfEnvoysRulesAndHasNoUnknownField() throws IOException {
        List<String> violations = new ArrayList<>();
        for (Sample sample : written) {
            // A part of our own resource, read for its two fields and not a cluster by itself.
            if (!sample.text().contains("name:") && sample.type().endsWith(".Cluster")) {
                continue;
            }
            violations.addAll(Rules.violations(Official.parse(sample)));
        }
        assertThat(violations).isEmpty();
    }

    @Test
    void theRulesWouldSeeAnEmptyStatPrefixAndAFieldOfOurOwnMaking() throws IOException {
        assertThat(Rules.violations(HttpConnectionManager.getDefaultInstance()))
                .anyMatch(it -> it.startsWith("HttpConnectionManager.stat_prefix: string.min_len 1"))
                .anyMatch(it -> it.startsWith("HttpConnectionManager.route_specifier: nothing set"));
        Message withUnknown = Official.parse(new Sample(
                "envoy.config.endpoint.v3.ClusterLoadAssignment",
                new byte[] {0x0A, 1, 'a', (byte) 0xF8, 7, 1},
                "",
                ""));
        assertThat(Rules.violations(withUnknown)).containsExactly("ClusterLoadAssignment: unknown fields [127]");
    }

    @Test
    void ourClassesFindTheSameFieldsAndValuesInWhatTheOfficialOnesWrite() throws IOException {
        List<Message> official = List.of(
                DeltaDiscoveryRequest.newBuilder()
                        .setNode(node())
                        .setTypeUrl("type.googleapis.com/envoy.config.cluster.v3.Cluster")
                        .addResourceNamesSubscribe("*")
                        .addResourceNamesUnsubscribe("a:80")
                        .putInitialResourceVersions("b:80", "7")
                        .setResponseNonce("n1")
                        .setErrorDetail(Status.newBuilder().setCode(3).setMessage("no"))
                        .build(),
                DiscoveryRequest.newBuilder()
                        .setNode(node())
                        .setVersionInfo("7")
                        .addResourceNames("a:80")
                        .addResourceNames("b:80")
                        .setTypeUrl("type.googleapis.com/envoy.config.listener.v3.Listener")
                        .setResponseNonce("n1")
                        .setErrorDetail(Status.newBuilder().setCode(3).setMessage("no"))
                        .build(),
                ClusterLoadAssignment.newBuilder()
                        .setClusterName("a:80")
                        .addEndpoints(LocalityLbEndpoints.newBuilder()
                                .setLocality(Locality.newBuilder()
                                        .setRegion("r")
                                        .setZone("z")
                                        .setSubZone("s"))
                                .setLoadBalancingWeight(UInt32Value.of(3))
                                .setPriority(1)
                                .addLbEndpoints(LbEndpoint.newBuilder()
                                        .setLoadBalancingWeight(UInt32Value.of(2))
                                        .setEndpoint(Endpoint.newBuilder()
                                                .setAddress(Address.newBuilder()
                                                        .setSocketAddress(SocketAddress.newBuilder()
                                                                .setAddress("10.0.0.1")
                                                                .setPortValue(8080))))))
                        .build());
        official = Stream.concat(official.stream(), Stream.of(loadStats(), loadStatsWish()))
                .toList();
        List<Sample> described =
                OurSide.described(folder, official.stream().map(Sample::of).toList());
        for (int i = 0; i < official.size(); i++) {
            Sample found = described.get(i);
            assertThat(found.unknown()).as(found.type()).isEmpty();
            assertThat(Sample.fields(found.text()))
                    .as(found.type())
                    .isEqualTo(Sample.fields(official.get(i).toString()));
            assertThat(Official.parse(found)).isEqualTo(official.get(i));
        }
    }

    @Test
    void ourClassesUnderstandAllOfWhatTheyWriteWhenTheOfficialOnesHaveWrittenItAgain() throws IOException {
        List<Sample> again = new ArrayList<>();
        for (Sample sample : written) {
            again.add(Sample.of(Official.parse(sample)));
        }
        List<Sample> described = OurSide.described(folder, again);
        for (int i = 0; i < written.size(); i++) {
            assertThat(described.get(i).unknown()).isEmpty();
            assertThat(Sample.fields(described.get(i).text()))
                    .isEqualTo(Sample.fields(written.get(i).text()));
        }
    }

    private static Message loadStats() {
        return LoadStatsRequest.newBuilder()
                .setNode(node())
                .addClusterStats(ClusterStats.newBuilder()
                        .setClusterName("a:80")
                        .setClusterServiceName("a:80")
                        .setTotalDroppedRequests(1)
                        .setLoadReportInterval(Duration.newBuilder().setSeconds(10))
                        .addUpstreamLocalityStats(UpstreamLocalityStats.newBuilder()
                                .setLocality(Locality.newBuilder().setZone("z"))
                                .setTotalSuccessfulRequests(2)
                                .setTotalRequestsInProgress(3)
                                .setTotalErrorRequests(4)
                                .setTotalIssuedRequests(5)
                                .setPriority(1)
                                .addLoadMetricStats(EndpointLoadMetricStats.newBuilder()
                                        .setMetricName("cpu")
                                        .setNumRequestsFinishedWithMetric(6)
                                        .setTotalMetricValue(0.5))
                                .addUpstreamEndpointStats(UpstreamEndpointStats.newBuilder()
                                        .setAddress(Address.newBuilder()
                                                .setSocketAddress(SocketAddress.newBuilder()
                                                        .setAddress("10.0.0.1")
                                                        .setPortValue(8080)))
                                        .setTotalSuccessfulRequests(7)
                                        .setTotalRequestsInProgress(8)
                                        .setTotalErrorRequests(9)
                                        .setTotalIssuedRequests(10))))
                .build();
    }

    private static Message loadStatsWish() {
        return LoadStatsResponse.newBuilder()
                .addClusters("a:80")
                .setSendAllClusters(true)
                .setReportEndpointGranularity(true)
                .setLoadReportingInterval(Duration.newBuilder().setSeconds(10))
                .build();
    }

    private static Node node() {
        return Node.newBuilder()
                .setId("client-1")
                .setCluster("c")
                .setUserAgentName("envoy")
                .setUserAgentVersion("1.36")
                .addClientFeatures("envoy.lb.does_not_support_overprovisioning")
                .setLocality(Locality.newBuilder().setZone("z1"))
                .setMetadata(Struct.newBuilder()
                        .putFields(
                                "namespace",
                                Value.newBuilder().setStringValue("default").build())
                        .putFields(
                                "numbers",
                                Value.newBuilder().setNumberValue(1.5).build()))
                .build();
    }
}
