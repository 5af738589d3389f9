package dev.sidestep.balancing;

import static dev.sidestep.balancing.Mesh.cluster;
import static dev.sidestep.balancing.Mesh.ready;
import static dev.sidestep.balancing.Mesh.share;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.balancing.Traffic.Behaviour;
import dev.sidestep.model.Endpoint;
import dev.sidestep.model.TrafficPolicy;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** {@code sessionAffinity: ClientIP}, whose client is the pod. */
final class AffinityTest {
    private final Mesh mesh = new Mesh();
    private final Destination backend = mesh.backend();

    AffinityTest() {
        mesh.tell(cluster(withAffinity(), ready(4)));
    }

    @Test
    void staysWithOneEndpointWhateverElseChanges() {
        String chosen = backend.pick().toString();
        for (int i = 4; i < 9; i++) {
            mesh.owner.advance(Duration.ofSeconds(9));
            mesh.tell(cluster(withAffinity(), ready(i)));
            assertThat(share(backend, 20)).containsOnlyKeys(chosen);
        }
    }

    @Test
    void choosesAnewWhenItWasNotUsedForTheTimeout() {
        String chosen = backend.pick().toString();
        mesh.owner.advance(Duration.ofMillis(9999));
        assertThat(backend.pick()).hasToString(chosen);
        mesh.owner.advance(Duration.ofSeconds(10));

        assertThat(backend.pick().toString()).isNotEqualTo(chosen);
    }

    @Test
    void choosesAnewWhenTheEndpointIsGone() {
        String chosen = backend.pick().toString();
        Endpoint[] others = Arrays.stream(ready(4))
                .filter(endpoint -> !endpoint.hostPort().equals(chosen))
                .toArray(Endpoint[]::new);

        mesh.tell(cluster(withAffinity(), others));

        assertThat(share(backend, 20)).hasSize(1).doesNotContainKey(chosen);
    }

    @Test
    void choosesAnewWhenTheEndpointIsDeadAndLosesNoSafeCall() {
        String chosen = backend.pick().toString();
        var traffic = new Traffic(mesh.owner, 1);
        traffic.behave(chosen, Behaviour.REFUSES);

        traffic.run(backend, 100, Duration.ofMillis(500));

        assertThat(traffic.failed).isZero();
        assertThat(share(backend, 20)).hasSize(1).doesNotContainKey(chosen);
    }

    private static TrafficPolicy withAffinity() {
        TrafficPolicy it = TrafficPolicy.DEFAULT;
        return new TrafficPolicy(
                it.mode(),
                it.protocol(),
                it.balancer(),
                it.ejection(),
                it.retry(),
                it.connectTimeout(),
                it.requestTimeout(),
                it.backendRequestTimeout(),
                it.localOnly(),
                Optional.of(Duration.ofSeconds(10)));
    }
}
