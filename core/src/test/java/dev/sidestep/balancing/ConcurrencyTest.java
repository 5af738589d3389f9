package dev.sidestep.balancing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.concurrent.ThreadSerialExecutor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** The engine on its own thread, called by several. */
final class ConcurrencyTest {
    private static final int THREADS = 4;
    private static final int CALLS = 20_000;

    @Test
    void losesNoCallWhateverBecomesOfThem() throws Exception {
        long seed = System.nanoTime();
        try (var owner = new ThreadSerialExecutor("engine")) {
            var balancer = new LoadBalancer(owner, LoadBalancer.Settings.inNamespace("default"), Mesh.random(seed));
            balancer.start(new FakeDiscovery());
            Destination backend = balancer.lookup("backend", 80);
            var told = new CountDownLatch(1);
            owner.execute(() -> {
                balancer.onConnected();
                balancer.onCluster(Mesh.BACKEND.value(), Mesh.cluster(Mesh.ready(3)), Duration.ZERO);
                told.countDown();
            });
            assertThat(told.await(10, TimeUnit.SECONDS)).isTrue();
            var successes = new AtomicLong();
            var failures = new AtomicLong();
            var threads = Executors.newFixedThreadPool(THREADS);
            var running = new ArrayList<Future<?>>();
            for (int i = 0; i < THREADS; i++) {
                RandomGenerator random = Mesh.random(seed + i);
                running.add(threads.submit(() -> call(backend, random, owner, successes, failures)));
            }
            for (Future<?> each : running) {
                each.get();
            }
            threads.shutdown();

            List<Status.EndpointStatus> endpoints = balancer.status()
                    .get(10, TimeUnit.SECONDS)
                    .clusters()
                    .get(0)
                    .endpoints();
            assertThat(endpoints)
                    .as("seed %d", seed)
                    .extracting(Status.EndpointStatus::inFlight)
                    .containsOnly(0);
            assertThat(endpoints.stream()
                            .mapToLong(Status.EndpointStatus::successes)
                            .sum())
                    .as("seed %d", seed)
                    .isEqualTo(successes.get());
            assertThat(endpoints.stream()
                            .mapToLong(Status.EndpointStatus::failures)
                            .sum())
                    .as("seed %d", seed)
                    .isEqualTo(failures.get());
            assertThat(endpoints.stream().filter(it -> !it.picked()).count()).isLessThanOrEqualTo(1);
        }
    }

    private static void call(
            Destination destination,
            RandomGenerator random,
            ThreadSerialExecutor owner,
            AtomicLong successes,
            AtomicLong failures) {
        Outcome[] outcomes = {
            Outcome.SUCCESS, Outcome.SERVER_ERROR, Outcome.CONNECT_FAILED, Outcome.RESET, Outcome.NEUTRAL
        };
        for (int i = 0; i < CALLS; i++) {
            var subchannel = (Subchannel) destination.pick();
            long start = owner.nanoTime();
            subchannel.started(start);
            Outcome outcome = random.nextInt(4) > 0 ? Outcome.SUCCESS : outcomes[random.nextInt(outcomes.length)];
            boolean answered = outcome == Outcome.SUCCESS || outcome == Outcome.SERVER_ERROR;
            if (answered) {
                subchannel.firstByte(owner.nanoTime());
            }
            subchannel.ended(outcome, answered, owner.nanoTime() - start);
            if (outcome == Outcome.SUCCESS) {
                successes.incrementAndGet();
            } else if (outcome != Outcome.NEUTRAL) {
                failures.incrementAndGet();
            }
        }
    }
}
