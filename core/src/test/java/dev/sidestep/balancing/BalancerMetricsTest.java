package dev.sidestep.balancing;

import static dev.sidestep.balancing.Mesh.cluster;
import static dev.sidestep.balancing.Mesh.ready;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.model.Endpoint;
import dev.sidestep.model.Mode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

final class BalancerMetricsTest {
    private final Mesh mesh = new Mesh();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    BalancerMetricsTest() {
        mesh.balancer.bindTo(registry);
    }

    @Test
    void countsEndpointsByState() {
        Destination backend = mesh.backend(ready(3));
        mesh.tell(cluster(ready(3)[0], ready(3)[1], ready(3)[2], notReady()));
        new Traffic(mesh.owner, 1).run(backend, 10, Duration.ofSeconds(2));
        assertThat(endpoints("ready")).isEqualTo(3);
        assertThat(endpoints("not_ready")).isEqualTo(1);

        var traffic = new Traffic(mesh.owner, 1);
        traffic.behave("10.0.0.1:8080", Traffic.Behaviour.REFUSES);
        traffic.run(backend, 10, Duration.ofMillis(1100));

        assertThat(endpoints("ready")).isEqualTo(2);
        assertThat(registry.get("sidestep.ejections").functionCounter().count()).isEqualTo(1);
        assertThat(registry.get("sidestep.retries").functionCounter().count()).isEqualTo(1);
    }

    @Test
    void countsEachCallThatWentWhereItWasGoingUnderItsReason() {
        Destination backend = mesh.backend(ready(1));
        mesh.tell(cluster(Mesh.inMode(Mode.OFF), ready(1)));
        backend.pick();
        backend.pick();
        mesh.balancer.countFallback(Reason.STALE);

        assertThat(fallbacks("MODE_OFF")).isEqualTo(2);
        assertThat(fallbacks("STALE")).isEqualTo(1);
        assertThat(fallbacks("UNKNOWN_SERVICE")).isZero();
    }

    @Test
    void knowsHowLongTheControlPlaneWasAway() {
        mesh.backend(ready(1));
        mesh.owner.advance(Duration.ofMinutes(1));
        assertThat(age()).isZero();
        mesh.disconnect();
        mesh.owner.advance(Duration.ofSeconds(7));
        assertThat(age()).isEqualTo(7);
        mesh.connect();
        assertThat(age()).isZero();
    }

    private double endpoints(String state) {
        return registry.get("sidestep.endpoints").tag("state", state).gauge().value();
    }

    private double fallbacks(String reason) {
        return registry.get("sidestep.fallbacks")
                .tag("reason", reason)
                .functionCounter()
                .count();
    }

    private double age() {
        return registry.get("sidestep.config.age").gauge().value();
    }

    private static Endpoint notReady() {
        return new Endpoint("10.0.1.1", 8080, false, false, false, "", "", "", "", List.of(), List.of(), 1);
    }
}
