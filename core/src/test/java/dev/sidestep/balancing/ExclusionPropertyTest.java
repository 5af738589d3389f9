package dev.sidestep.balancing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.balancing.Traffic.Behaviour;
import java.time.Duration;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** Whatever endpoints do: never the last is left alone, never more than half, and all are back once all are well. */
final class ExclusionPropertyTest {
    @Test
    void leavesAtMostHalfAloneAndTakesAllBack() {
        long seed = System.nanoTime();
        RandomGenerator random = Mesh.random(seed);
        for (int round = 0; round < 60; round++) {
            int count = 1 + random.nextInt(7);
            var mesh = new Mesh(seed + round);
            Destination backend = mesh.backend(Mesh.ready(count));
            var traffic = new Traffic(mesh.owner, seed + round);
            traffic.callerTimeout(Duration.ofMillis(500 + random.nextInt(5000)));
            var behaviours = Behaviour.values();
            for (int step = 0; step < 8; step++) {
                for (int i = 0; i < count; i++) {
                    if (random.nextInt(3) == 0) {
                        traffic.behave(address(i), behaviours[random.nextInt(behaviours.length)]);
                    }
                }
                traffic.run(backend, 50, Duration.ofMillis(random.nextInt(4000)));
                List<Status.EndpointStatus> endpoints = endpoints(mesh);
                long alone = endpoints.stream().filter(it -> !it.picked()).count();
                assertThat(alone).as("seed %d, round %d", seed, round).isLessThanOrEqualTo(count / 2);
                assertThat(backend.pick()).isInstanceOf(Subchannel.class);
            }
            for (int i = 0; i < count; i++) {
                traffic.heal(address(i));
            }
            traffic.run(backend, 20, Duration.ofSeconds(130));
            assertThat(endpoints(mesh))
                    .as("seed %d, round %d", seed, round)
                    .extracting(Status.EndpointStatus::state)
                    .containsOnly(Status.EndpointState.READY);
            assertThat(traffic.unfinished).as("seed %d, round %d", seed, round).isLessThanOrEqualTo(2);
            endpoints(mesh).forEach(it -> assertThat(it.inFlight()).isLessThanOrEqualTo(1));
        }
    }

    private static List<Status.EndpointStatus> endpoints(Mesh mesh) {
        var status = mesh.balancer.status();
        mesh.settle();
        return status.join().clusters().get(0).endpoints();
    }

    private static String address(int index) {
        return "10.0.0." + (index + 1) + ":8080";
    }
}
