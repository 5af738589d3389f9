package dev.sidestep.balancing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

final class RoundRobinTest {
    @Test
    void goesOnEvenlyWhereTheCursorWrapsAround() {
        Destination backend = new Mesh().backend(Mesh.ready(3));
        Subchannel[] three = {(Subchannel) backend.pick(), (Subchannel) backend.pick(), (Subchannel) backend.pick()};
        var picker = new RoundRobinPicker(three, new Cursor(Integer.MAX_VALUE - 4));
        var counts = new int[3];
        for (int i = 0; i < 12; i++) {
            counts[Arrays.asList(three).indexOf(picker.pick())]++;
        }
        // 2^32 is no multiple of three: one turn is skipped at the wrap, once in four thousand million.
        assertThat(Arrays.stream(counts).boxed()).allMatch(count -> count >= 3 && count <= 5);
    }

    @Test
    void startsAnywhereSoThatCallersDoNotAllBeginWithTheSame() {
        var firsts = new ArrayList<String>();
        for (long seed = 0; seed < 40; seed++) {
            firsts.add(new Mesh(seed).backend(Mesh.ready(4)).pick().toString());
        }
        assertThat(firsts.stream().distinct()).hasSize(4);
    }

    @Test
    void goesOnWhereItWasAfterAnUpdate() {
        var mesh = new Mesh();
        Destination backend = mesh.backend(Mesh.ready(3));
        var picks = new ArrayList<String>();
        for (int i = 0; i < 9; i++) {
            picks.add(backend.pick().toString());
            // The same endpoints, told with another policy: a new picker, the same round.
            mesh.tell(Mesh.cluster(Mesh.withConnectTimeout(i + 1), Mesh.ready(3)));
        }
        assertThat(picks.subList(3, 9))
                .isEqualTo(List.of(picks.get(0), picks.get(1), picks.get(2), picks.get(0), picks.get(1), picks.get(2)));
    }

    @Test
    void aRetryGoesToEveryOtherEndpointBeforeOneThatWasTried() {
        Destination backend = new Mesh().backend(Mesh.ready(3));
        var tried = new ArrayList<Subchannel>();
        for (int i = 0; i < 3; i++) {
            var next = (Subchannel) backend.pickAnother(tried);
            assertThat(tried).doesNotContain(next);
            assertThat(backend.hasAnother(tried)).isTrue();
            tried.add(next);
        }
        assertThat(backend.hasAnother(tried)).isFalse();
        assertThat(backend.pickAnother(tried)).isIn(tried);
    }

    @Test
    void askingWhetherThereIsAnotherTakesNoTurn() {
        Destination backend = new Mesh().backend(Mesh.ready(3));
        var first = (Subchannel) backend.pick();
        var second = (Subchannel) backend.pick();
        assertThat(backend.hasAnother(List.of(first, second))).isTrue();
        assertThat(backend.pick()).isNotIn(first, second);
    }

    @Test
    void weightsGiveSharesAndEachRoundIsSmooth() {
        assertThat(Schedule.of(new int[] {1, 1, 1})).containsExactly(0, 1, 2);
        assertThat(Schedule.of(new int[] {7, 7})).containsExactly(0, 1);
        int[] order = Schedule.of(new int[] {5, 1, 2});
        assertThat(order).hasSize(8);
        assertThat(Arrays.stream(order).filter(i -> i == 0)).hasSize(5);
        assertThat(Arrays.stream(order).filter(i -> i == 2)).hasSize(2);
        int run = 0;
        for (int i = 0; i < 16; i++) {
            run = order[i % 8] == 0 ? run + 1 : 0;
            assertThat(run).isLessThanOrEqualTo(3);
        }
    }

    @Test
    void weightsOfAnySizeMakeAScheduleOfBoundedLengthThatNobodyIsMissingFrom() {
        long seed = System.nanoTime();
        RandomGenerator random = Mesh.random(seed);
        for (int round = 0; round < 300; round++) {
            var weights = new int[1 + random.nextInt(20)];
            for (int i = 0; i < weights.length; i++) {
                weights[i] = 1 + random.nextInt(random.nextBoolean() ? 10 : 1_000_000);
            }
            int[] order = Schedule.of(weights);
            assertThat(order.length).as("seed %d", seed).isLessThanOrEqualTo(weights.length * 18);
            assertThat(Arrays.stream(order).distinct().count())
                    .as("seed %d", seed)
                    .isEqualTo(weights.length);
        }
    }

    /** Evenness is promised over any 100 × n calls: here of four threads at once, while the list is told again and again. */
    @Test
    void staysEvenUnderConcurrentPicksAndUpdates() throws Exception {
        long seed = System.nanoTime();
        RandomGenerator random = Mesh.random(seed);
        for (int round = 0; round < 10; round++) {
            int endpoints = 2 + random.nextInt(20);
            var mesh = new Mesh(seed + round);
            Destination backend = mesh.backend(Mesh.ready(endpoints));
            var counts = new AtomicIntegerArray(endpoints + 1);
            Callable<Integer> caller = () -> {
                for (int i = 0; i < 25 * endpoints; i++) {
                    String address = backend.pick().toString();
                    counts.incrementAndGet(
                            Integer.parseInt(address.substring("10.0.0.".length(), address.indexOf(':'))));
                }
                return 0;
            };
            var threads = Executors.newFixedThreadPool(4);
            try {
                var running = List.of(
                        threads.submit(caller), threads.submit(caller), threads.submit(caller), threads.submit(caller));
                for (int update = 1; !running.stream().allMatch(it -> it.isDone()); update++) {
                    mesh.tell(Mesh.cluster(Mesh.withConnectTimeout(update), Mesh.ready(endpoints)));
                }
                for (var done : running) {
                    done.get();
                }
            } finally {
                threads.shutdown();
            }
            int max = 0;
            for (int i = 1; i <= endpoints; i++) {
                max = Math.max(max, counts.get(i));
            }
            assertThat(max / 100.0).as("seed %d, %d endpoints", seed, endpoints).isLessThanOrEqualTo(1.05);
        }
    }
}
