package dev.sidestep.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.agent.app.StubbedHttpApp;
import dev.sidestep.testkit.FakeUpstream;
import dev.sidestep.testkit.Http1;
import dev.sidestep.testkit.Requirements;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is woven into {@code java.net.http}, on its own: the engine's place is taken by a round robin. */
class JavaHttpClientIT {
    private static final Map<String, String> SILENT = Map.of("SIDESTEP_MODE", "balance");

    private final List<FakeUpstream> backends = IntStream.range(0, 3)
            .mapToObj(i -> FakeUpstream.start("pod-" + i, request -> Http1.Response.ok("pod-" + i)))
            .toList();

    @AfterEach
    void closeBackends() {
        backends.forEach(FakeUpstream::close);
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 21, 25})
    void everyRequestGoesToTheChosenEndpointAndConnectionsAreKept(int feature) {
        try (AppProcess app = start(feature)) {
            for (String how : List.of("sync", "async")) {
                List<String> lines =
                        app.calls(Map.of("url", "http://backend-service.default/api", "count", "9", "how", how));

                assertThat(counted(lines)).isEqualTo(Map.of("200 pod-0", 3L, "200 pod-1", 3L, "200 pod-2", 3L));
            }
            assertThat(backends.get(0).requests().get(0).header("host")).contains("backend-service.default");
            assertThat(backends.stream()
                            .mapToInt(FakeUpstream::acceptedConnections)
                            .sum())
                    .isLessThanOrEqualTo(9);
        }
    }

    private AppProcess start(int feature) {
        List<String> ports = backends.stream()
                .map(backend -> Integer.toString(backend.port()))
                .toList();
        return AppProcess.start(Requirements.jdk(feature), StubbedHttpApp.class, ports, SILENT, List.of());
    }

    private static Map<String, Long> counted(List<String> lines) {
        return lines.stream().collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
    }
}
