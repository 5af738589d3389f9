package dev.sidestep.xds;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Endpoint;
import dev.sidestep.model.TrafficPolicy;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What a client is sent: with pods, nodes and zones, beside plain EDS, which has none of them. */
class SizeTest {
    private static final ClusterName NAME = new ClusterName("backend-service", "default", 80);

    @Test
    void ourRenderingIsNotHalfAsBigAgainAsPlainEds() {
        for (int endpoints : new int[] {10, 100, 1000}) {
            Cluster cluster = cluster(endpoints);
            int ours = delta(ServiceEncoder.encode(cluster));
            int plain = delta(StandardEncoder.loadAssignment(NAME.value(), cluster.endpoints()));
            assertThat(ours)
                    .as("%d endpoints, beside %d bytes", endpoints, plain)
                    .isLessThanOrEqualTo(plain * 3 / 2);
        }
    }

    private static int delta(EncodedResource resource) {
        return Frame.delta(
                        resource.typeUrl(),
                        resource.version(),
                        List.of(new Frame.Named(resource, List.of())),
                        List.of())
                .size();
    }

    /** As Kubernetes would make it: pods named by their ReplicaSet, on nodes of 30 pods, in three zones with hints. */
    private static Cluster cluster(int endpoints) {
        var random = new Random(endpoints);
        return new Cluster(
                NAME,
                List.of("10.96.0.12:80"),
                false,
                TrafficPolicy.DEFAULT,
                IntStream.range(0, endpoints)
                        .mapToObj(i -> {
                            int node = random.nextInt(1 + endpoints / 30);
                            String zone = "eu-west-1" + "abc".charAt(node % 3);
                            return new Endpoint(
                                    "10." + (i >> 16 & 255) + "." + (i >> 8 & 255) + "." + (i & 255),
                                    8080,
                                    true,
                                    true,
                                    false,
                                    "",
                                    "backend-7d4b9c6f5d-"
                                            + Integer.toString(60_466_176 / 36 + random.nextInt(1_000_000), 36),
                                    "ip-10-0-" + node + "-17.eu-west-1.compute.internal",
                                    zone,
                                    List.of(zone),
                                    List.of(),
                                    1);
                        })
                        .toList());
    }
}
