package dev.sidestep.xds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Endpoint;
import dev.sidestep.model.Mode;
import dev.sidestep.model.Self;
import dev.sidestep.model.TrafficPolicy;
import dev.sidestep.xds.proto.cluster.Cluster.LbPolicy;
import dev.sidestep.xds.proto.v1.EndpointList;
import dev.sidestep.xds.proto.v1.Policy;
import dev.sidestep.xds.proto.v1.Service;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class ServiceCodingTest {
    private static final ClusterName NAME = new ClusterName("backend-service", "default", 80);
    private static final Cluster BACKEND = new Cluster(
            NAME,
            List.of("10.96.0.12:80", "[fd00::12]:80"),
            false,
            TrafficPolicy.DEFAULT,
            List.of(
                    Endpoint.ready("10.0.0.1", 8080),
                    new Endpoint(
                            "10.0.0.2",
                            8080,
                            true,
                            true,
                            false,
                            "",
                            "backend-5d9c7-x2x9z",
                            "n1",
                            "a",
                            List.of("a"),
                            List.of("n1"),
                            3)));

    @Test
    void anyClusterComesBackAsItWas() throws Exception {
        for (long seed = 0; seed < 500; seed++) {
            Cluster cluster = new RandomModel(seed).cluster();
            EncodedResource encoded = ServiceEncoder.encode(cluster);
            assertThat(ServiceDecoder.decode(encoded.name(), WireForm.value(encoded)))
                    .as("seed %d", seed)
                    .isEqualTo(cluster);
        }
    }

    @Test
    void anySelfComesBackAsItWas() throws Exception {
        for (long seed = 0; seed < 200; seed++) {
            Self self = new RandomModel(seed).self();
            EncodedResource encoded = SelfEncoder.encode(self);
            assertThat(encoded.name()).isEqualTo("self");
            assertThat(encoded.typeUrl()).isEqualTo("type.googleapis.com/sidestep.v1.Self");
            assertThat(SelfDecoder.decode("self", WireForm.value(encoded)))
                    .as("seed %d", seed)
                    .isEqualTo(self);
        }
    }

    @Test
    void equalClustersHaveEqualVersionsWhateverTheOrderOfTheirEndpoints() {
        var backward = new Cluster(
                NAME,
                BACKEND.addresses(),
                false,
                BACKEND.policy(),
                List.of(BACKEND.endpoints().get(1), BACKEND.endpoints().get(0)));
        assertThat(ServiceEncoder.encode(backward)).isEqualTo(ServiceEncoder.encode(BACKEND));
        assertThat(ServiceEncoder.encode(backward).version())
                .isEqualTo(ServiceEncoder.encode(BACKEND).version());
    }

    @Test
    void everyChangeOfAnEndpointChangesTheVersion() {
        Endpoint one = Endpoint.ready("10.0.0.1", 8080);
        var terminating =
                new Endpoint(one.address(), one.port(), false, true, true, "", "", "", "", List.of(), List.of(), 1);
        assertThat(ServiceEncoder.encode(with(terminating)).version())
                .isNotEqualTo(ServiceEncoder.encode(with(one)).version());
    }

    @Test
    void whatANewerServerAddsIsSkipped() throws Exception {
        Service.Builder newer = ServiceEncoder.message(BACKEND).toBuilder();
        newer.setPolicy(newer.getPolicy().toBuilder()
                .setRetry(newer.getPolicy().getRetry().toBuilder().addOnValue(99)));
        ByteString bytes = newer.build()
                .toByteString()
                .concat(ByteString.copyFrom(new byte[] {(byte) 0xF2, 0x07, 0x03, 'n', 'e', 'w'})); // field 126
        assertThat(ServiceDecoder.decode(NAME.value(), bytes)).isEqualTo(BACKEND);
    }

    @Test
    void anUnknownModeIsTheCautiousOne() throws Exception {
        assertThat(decode(policy(it -> it.setModeValue(99))).policy().mode()).isEqualTo(Mode.OFF);
    }

    @Test
    void anUnknownBalancerIsTheNearestStandardOne() throws Exception {
        Cluster cluster = decode(policy(it -> it.setBalancerValue(99))
                .andThen(service ->
                        service.setCluster(service.getCluster().toBuilder().setLbPolicy(LbPolicy.LEAST_REQUEST))));
        assertThat(cluster.policy().balancer()).isEqualTo(TrafficPolicy.Balancer.LEAST_REQUEST);
    }

    @Test
    void whatAnOlderServerLeavesOutIsTheDefault() throws Exception {
        Cluster cluster = decode(service -> service.clearCluster()
                .setPolicy(Policy.newBuilder()
                        .setEjection(ServiceEncoder.message(BACKEND).getPolicy().getEjection())));
        assertThat(cluster.policy()).isEqualTo(TrafficPolicy.DEFAULT);
    }

    @Test
    void aListInAFormNotKnownIsRefusedRatherThanTakenForAnEmptyOne() {
        assertRefused(Service.Builder::clearInline, "endpoints: in no form that this client knows (expected: inline)");
    }

    @Test
    void namesTheFieldThatIsWrong() {
        assertRefused(
                service -> service.setName("other.default.svc.cluster.local:80"),
                "name: \"other.default.svc.cluster.local:80\" (expected: the resource's name)");
        assertRefused(
                service -> service.setAddresses(0, "10.96.0.12"),
                "addresses[0]: \"10.96.0.12\" (expected: address:port)");
        assertRefused(
                service -> service.setAddresses(1, "a:70000"), "addresses[1]: \"a:70000\" (expected: address:port)");
        assertRefused(list(it -> it.setPort(0)), "inline.endpoints[0].port: 0 (expected: 1 to 65535)");
        assertRefused(
                list(it -> it.addEndpoints(it.getEndpoints(0))),
                "inline.endpoints[2].address: \"10.0.0.1:8080\" (expected: each address and port once)");
        assertRefused(endpoint(1, it -> it.setPort(70_000)), "inline.endpoints[1].port: 70000 (expected: 1 to 65535)");
        assertRefused(
                endpoint(0, it -> it.setAddress(ByteString.copyFromUtf8("10.0.0.1"))),
                "inline.endpoints[0].address: 8 bytes (expected: 4 or 16)");
        assertRefused(endpoint(1, it -> it.setNode(77)), "inline.endpoints[1].node: 77 (expected: 0 to 3)");
        assertRefused(
                endpoint(1, it -> it.setWeight(-1)),
                "inline.endpoints[1].weight: 4294967295 (expected: 1 to 2147483647)");
        assertRefused(
                policy(it -> it.setEjection(it.getEjection().toBuilder().setFailures(0))),
                "policy.ejection.failures: 0 (expected: 1 to 2147483647)");
        assertRefused(
                policy(it -> it.setRetry(it.getRetry().toBuilder().setBudgetPercent(101))),
                "policy.retry.budget_percent: 101 (expected: 0 to 100)");
        assertRefused(
                policy(it -> it.setRequestTimeout(Duration.getDefaultInstance())),
                "policy.request_timeout: 0 s (expected: more than none)");
        assertRefused(
                policy(it -> it.setBackendRequestTimeout(Duration.getDefaultInstance())),
                "policy.backend_request_timeout: 0 s (expected: more than none)");
        assertRefused(
                service -> service.setCluster(service.getCluster().toBuilder()
                        .setConnectTimeout(Duration.newBuilder().setSeconds(-1))),
                "cluster.connect_timeout: -1 s 0 ns (expected: 0 to 31536000 s)");
    }

    @Test
    void aHostileValueIsNotRepeatedInFull() {
        String endless = "x".repeat(10_000_000);
        assertThatThrownBy(() -> decode(list(it -> it.setNames(0, endless))))
                .isInstanceOf(InvalidResourceException.class)
                .hasMessageStartingWith(NAME.value() + ": inline.names[0]: \"xxx")
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(300));
        assertThatThrownBy(() -> decode(list(it -> it.setNames(0, "a\r\nset-cookie: b"))))
                .hasMessageContaining("\"a??set-cookie: b\"");
    }

    @Test
    void hugeCountsAreRefused() {
        assertRefused(
                list(it -> it.addAllEndpoints(Collections.nCopies(100_001, it.getEndpoints(0)))),
                "inline.endpoints: 100003 (expected: at most 100000)");
        assertRefused(
                endpoint(0, it -> it.addAllForZones(Collections.nCopies(100, 1))),
                "inline.endpoints[0].for_zones: 100 (expected: at most 64)");
    }

    @Test
    void anyBytesAreAClusterOrAnInvalidResource() {
        byte[] valid = ServiceEncoder.message(BACKEND).toByteArray();
        for (long seed = 0; seed < 200_000; seed++) {
            byte[] bytes = mutated(valid, new Random(seed));
            try {
                ServiceDecoder.decode(NAME.value(), ByteString.copyFrom(bytes));
            } catch (InvalidResourceException expected) {
                assertThat(expected.getStackTrace()).isEmpty();
            } catch (RuntimeException | Error e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    @Test
    void anyBytesAreASelfOrAnInvalidResource() {
        byte[] valid =
                WireForm.value(SelfEncoder.encode(new RandomModel(1).self())).toByteArray();
        for (long seed = 0; seed < 100_000; seed++) {
            try {
                SelfDecoder.decode("self", ByteString.copyFrom(mutated(valid, new Random(seed))));
            } catch (InvalidResourceException expected) {
                assertThat(expected.getMessage()).startsWith("self: ");
            } catch (RuntimeException | Error e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    @Test
    void endlessNestingIsRefused() {
        // An unknown group that opens a thousand groups.
        byte[] nested = new byte[1000];
        Arrays.fill(nested, (byte) 0x7B); // field 15, start group
        assertThatThrownBy(() -> ServiceDecoder.decode(NAME.value(), ByteString.copyFrom(nested)))
                .isInstanceOf(InvalidResourceException.class)
                .hasMessageContaining("not a sidestep.v1.Service");
    }

    /** Noise, a prefix, or a few bytes changed, dropped or doubled. */
    private static byte[] mutated(byte[] valid, Random random) {
        int kind = random.nextInt(10);
        if (kind == 0) {
            byte[] noise = new byte[random.nextInt(200)];
            random.nextBytes(noise);
            return noise;
        }
        if (kind == 1) {
            return Arrays.copyOf(valid, random.nextInt(valid.length));
        }
        byte[] bytes = valid.clone();
        for (int i = random.nextInt(4); i >= 0; i--) {
            int at = random.nextInt(bytes.length);
            int rest = bytes.length - at;
            switch (random.nextInt(3)) {
                case 0 -> bytes[at] = (byte) random.nextInt();
                case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                default -> System.arraycopy(bytes, random.nextInt(bytes.length - rest + 1), bytes, at, rest);
            }
        }
        return bytes;
    }

    private static Cluster with(Endpoint endpoint) {
        return new Cluster(NAME, List.of(), false, TrafficPolicy.DEFAULT, List.of(endpoint));
    }

    private static Consumer<Service.Builder> policy(Consumer<Policy.Builder> change) {
        return service -> {
            Policy.Builder policy = service.getPolicy().toBuilder();
            change.accept(policy);
            service.setPolicy(policy);
        };
    }

    private static Consumer<Service.Builder> list(Consumer<EndpointList.Builder> change) {
        return service -> {
            EndpointList.Builder list = service.getInline().toBuilder();
            change.accept(list);
            service.setInline(list);
        };
    }

    private static Consumer<Service.Builder> endpoint(
            int index, Consumer<dev.sidestep.xds.proto.v1.Endpoint.Builder> change) {
        return list(list -> {
            var endpoint = list.getEndpoints(index).toBuilder();
            change.accept(endpoint);
            list.setEndpoints(index, endpoint);
        });
    }

    private static Cluster decode(Consumer<Service.Builder> change) throws InvalidResourceException {
        Service.Builder service = ServiceEncoder.message(BACKEND).toBuilder();
        change.accept(service);
        return ServiceDecoder.decode(NAME.value(), service.build().toByteString());
    }

    private static void assertRefused(Consumer<Service.Builder> change, String fieldAndReason) {
        assertThatThrownBy(() -> decode(change))
                .isInstanceOf(InvalidResourceException.class)
                .hasMessage(NAME.value() + ": " + fieldAndReason);
    }
}
