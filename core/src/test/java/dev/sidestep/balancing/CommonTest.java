package dev.sidestep.balancing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.model.Endpoint;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Many endpoints in the same trouble at once must not keep the owner from anything else. */
@Timeout(10)
final class CommonTest {
    private static final int ENDPOINTS = 3000;

    private final Mesh mesh = new Mesh();
    private final Destination backend = mesh.backend(Mesh.ready(ENDPOINTS));
    private final Traffic traffic = new Traffic(mesh.owner, 1);

    @Test
    void thousandsThatFailAlikeAreJudgedInATimeThatGrowsWithTheirNumber() {
        all(Traffic.Behaviour.FAILS);
        traffic.run(backend, 10_000, Duration.ofSeconds(4));
        assertThat(mesh.balancer.ejections()).isZero();
    }

    @Test
    void thousandsThatAreSilentAtOnceAreLookedAtInATimeThatGrowsWithTheirNumber() {
        all(Traffic.Behaviour.HANGS);
        traffic.run(backend, 10_000, Duration.ofSeconds(5));
        assertThat(mesh.balancer.ejections()).isZero();
    }

    private void all(Traffic.Behaviour behaviour) {
        for (Endpoint endpoint : Mesh.ready(ENDPOINTS)) {
            traffic.behave(endpoint.hostPort(), behaviour);
        }
    }
}
