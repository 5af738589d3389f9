package dev.sidestep.control.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.sidestep.model.Mode;
import dev.sidestep.model.Protocol;
import dev.sidestep.model.TrafficPolicy;
import dev.sidestep.model.TrafficPolicy.Balancer;
import dev.sidestep.model.TrafficPolicy.Ejection;
import dev.sidestep.model.TrafficPolicy.Retry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class PolicyBuilderTest {
    private static final ServiceItem.Port PORT = new ServiceItem.Port("http-web", 80, 80, "");
    private static final ServiceItem SERVICE = Objects.service("web", List.of("10.96.0.10"), List.of(PORT), Map.of());

    private final PolicyBuilder builder = new PolicyBuilder();

    private List<String> read(String... keysAndValues) {
        return builder.read(SERVICE.key(), Objects.annotations(keysAndValues));
    }

    @Test
    void isTheDefaultWhereNothingIsSaid() {
        assertThat(read()).isEmpty();
        assertThat(builder.build(SERVICE, new ServiceItem.Port("", 80, 80, ""))).isEqualTo(TrafficPolicy.DEFAULT);
    }

    @Test
    void readsEverySettingAsNamed() {
        assertThat(read(
                        "mode", "observe",
                        "balancer", "least-request",
                        "ejection", "failures=3, base=500ms,max=1m30s,max-percent=10",
                        "retry-on", "5xx,gateway-error,grpc:unavailable,grpc:resource-exhausted",
                        "retry-attempts", "1",
                        "retry-budget", "5%",
                        "timeout-request", "2s",
                        "timeout-backend-request", "700ms",
                        "timeout-connect", "250ms",
                        "opaque-ports", "81"))
                .isEmpty();

        assertThat(builder.build(SERVICE, PORT))
                .isEqualTo(new TrafficPolicy(
                        Mode.OBSERVE,
                        Protocol.HTTP1,
                        Balancer.LEAST_REQUEST,
                        Optional.of(new Ejection(3, Duration.ofMillis(500), Duration.ofSeconds(90), 10)),
                        new Retry(
                                Set.of(
                                        Retry.On.SERVER_ERROR,
                                        Retry.On.GATEWAY_ERROR,
                                        Retry.On.GRPC_UNAVAILABLE,
                                        Retry.On.GRPC_RESOURCE_EXHAUSTED),
                                1,
                                5),
                        Duration.ofMillis(250),
                        Optional.of(Duration.ofSeconds(2)),
                        Optional.of(Duration.ofMillis(700)),
                        false,
                        Optional.empty()));
    }

    @Test
    void offMeansNone() {
        assertThat(read(
                        "ejection", "off",
                        "retry-on", "off",
                        "timeout-request", "off",
                        "timeout-backend-request", "off"))
                .isEmpty();

        TrafficPolicy policy = builder.build(SERVICE, PORT);
        assertThat(policy.ejection()).isEmpty();
        assertThat(policy.retry().on()).isEmpty();
        assertThat(policy.requestTimeout()).isEmpty();
        assertThat(policy.backendRequestTimeout()).isEmpty();
    }

    @Test
    void theServiceCountsBeforeItsNamespace() {
        read("mode", "off", "balancer", "random");
        read("mode", "balance", "balancer", "wrong");

        assertThat(builder.build(SERVICE, PORT).mode()).isEqualTo(Mode.BALANCE);
        assertThat(builder.build(SERVICE, PORT).balancer()).isEqualTo(Balancer.RANDOM);
    }

    static Stream<Arguments> mistakes() {
        return Stream.of(
                arguments(
                        "balancer",
                        "round-robbin",
                        "(expected: least-request, maglev, peak-ewma, random, round-robin;"
                                + " nearest: round-robin); ignored"),
                arguments("mode", "On", "(expected: balance, observe, off; nearest: off); ignored"),
                arguments("ejection", "failures=0", "(expected: a whole number of at least 1); ignored"),
                arguments("ejection", "failure=5", "(expected: on, off, or words of failures=5"),
                arguments("ejection", "base=2m", "(expected: max at least base)"),
                arguments("retry-on", "safe,4xx", "nearest: 5xx"),
                arguments("retry-on", "safe,grpc:unavailible", "nearest: grpc:unavailable"),
                arguments("timeout-backend-request", "5", "(expected: a duration such as 1m30s or 250ms, or off)"),
                arguments("retry-attempts", "-1", "(expected: a whole number from 0 to 10)"),
                arguments("retry-budget", "0.2", "(expected: a percentage such as 20%)"),
                arguments("timeout-request", "5", "(expected: a duration such as 1m30s or 250ms, or off)"),
                arguments("timeout-connect", "0s", "(expected: more than nothing)"),
                arguments("opaque-ports", "http", "(expected: a whole number from 1 to 65535)"),
                arguments(
                        "balancr", "random", "is not an annotation of ours; ignored (nearest: sidestep.dev/balancer)"),
                arguments("hedge", "50ms", "is not supported by this version; ignored"));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void aWrongValueIsReportedAndChangesNothing(String name, String value, String expected) {
        assertThat(read(name, value))
                .singleElement()
                .asString()
                .startsWith("Service default/web: annotation sidestep.dev/" + name + ": \"" + value + "\" ")
                .contains(expected);
        assertThat(builder.build(SERVICE, new ServiceItem.Port("", 80, 80, ""))).isEqualTo(TrafficPolicy.DEFAULT);
    }

    @Test
    void appProtocolCountsBeforeThePortsName() {
        assertThat(Protocols.of("kubernetes.io/h2c", "http")).isEqualTo(Protocol.HTTP2);
        assertThat(Protocols.of("", "grpc-orders")).isEqualTo(Protocol.HTTP2);
        assertThat(Protocols.of("example.com/own", "https")).isEqualTo(Protocol.TLS);
        assertThat(Protocols.of("", "web")).isEqualTo(Protocol.UNDECLARED);
    }
}
