package dev.sidestep.xds;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Endpoint;
import dev.sidestep.model.TrafficPolicy;
import dev.sidestep.xds.proto.discovery.DeltaDiscoveryResponse;
import dev.sidestep.xds.proto.discovery.DiscoveryResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class FrameTest {
    private static final EncodedResource SERVICE = ServiceEncoder.encode(new RandomModel(3).cluster());
    private static final EncodedResource ASSIGNMENT = StandardEncoder.loadAssignment(
            new ClusterName("a", "b", 80).value(), List.of(Endpoint.ready("10.0.0.1", 80)));

    @Test
    void aDeltaFrameIsTheResponseThatTheMessageClassesWrite() throws Exception {
        Frame frame = Frame.delta(
                ResourceType.SERVICE,
                "n1",
                List.of(
                        new Frame.Named(SERVICE, List.of("10.96.0.12:80", "backend:80")),
                        new Frame.Named(ASSIGNMENT, List.of())),
                List.of("gone:80"));
        var expected = DeltaDiscoveryResponse.newBuilder()
                .setTypeUrl(ResourceType.SERVICE)
                .setNonce("n1")
                .addRemovedResources("gone:80")
                .addResources(WireForm.message(SERVICE).toBuilder()
                        .addAliases("10.96.0.12:80")
                        .addAliases("backend:80"))
                .addResources(WireForm.message(ASSIGNMENT))
                .build();
        assertThat(DeltaDiscoveryResponse.parseFrom(drained(frame))).isEqualTo(expected);
        assertThat(drained(frame)).isEqualTo(expected.toByteArray()).hasSize(frame.size());
    }

    @Test
    void aStateOfTheWorldFrameIsTheResponseThatTheMessageClassesWrite() throws Exception {
        Frame frame = Frame.stateOfTheWorld(ResourceType.ENDPOINT, "v1", "n1", List.of(ASSIGNMENT, ASSIGNMENT));
        var expected = DiscoveryResponse.newBuilder()
                .setVersionInfo("v1")
                .setTypeUrl(ResourceType.ENDPOINT)
                .setNonce("n1")
                .addResources(WireForm.message(ASSIGNMENT).getResource())
                .addResources(WireForm.message(ASSIGNMENT).getResource())
                .build();
        assertThat(drained(frame)).isEqualTo(expected.toByteArray());
    }

    @Test
    void readLikeAStreamItIsTheSame() throws Exception {
        Frame frame =
                Frame.delta(ResourceType.SERVICE, "n1", List.of(new Frame.Named(SERVICE, List.of("x"))), List.of());
        try (var stream = new FrameStream(frame)) {
            assertThat(stream.available()).isEqualTo(frame.size());
            assertThat(stream.read()).isEqualTo(drained(frame)[0] & 0xff);
            var rest = new ByteArrayOutputStream();
            rest.write(drained(frame)[0]);
            rest.write(stream.readNBytes(7));
            stream.drainTo(rest);
            assertThat(rest.toByteArray()).isEqualTo(drained(frame));
            assertThat(stream.read()).isEqualTo(-1);
        }
        try (var stream = new FrameStream(frame)) {
            assertThat(stream.readAllBytes()).isEqualTo(drained(frame));
        }
    }

    @Test
    void anEmptyDeltaFrameStillBearsTypeAndNonce() throws Exception {
        Frame frame = Frame.delta(ResourceType.SERVICE, "n1", List.of(), List.of());
        assertThat(DeltaDiscoveryResponse.parseFrom(drained(frame)))
                .isEqualTo(DeltaDiscoveryResponse.newBuilder()
                        .setTypeUrl(ResourceType.SERVICE)
                        .setNonce("n1")
                        .build());
    }

    @Test
    void versionsDependOnTheContentAlone() {
        var again = StandardEncoder.loadAssignment(ASSIGNMENT.name(), List.of(Endpoint.ready("10.0.0.1", 80)));
        assertThat(again).isEqualTo(ASSIGNMENT).hasToString(ASSIGNMENT.toString());
        assertThat(StandardEncoder.loadAssignment(ASSIGNMENT.name(), List.of()).version())
                .isNotEqualTo(ASSIGNMENT.version());
        assertThat(StandardEncoder.cluster("a", TrafficPolicy.DEFAULT, StandardEncoder.Client.GRPC))
                .isEqualTo(StandardEncoder.cluster("a", TrafficPolicy.DEFAULT, StandardEncoder.Client.GRPC));
    }

    private static byte[] drained(Frame frame) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var stream = new FrameStream(frame)) {
            assertThat(stream.drainTo(bytes)).isEqualTo(frame.size());
        }
        return bytes.toByteArray();
    }
}
