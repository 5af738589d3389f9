package dev.sidestep.balancing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

final class LatenciesTest {
    @Test
    void findsThe99thPercentileWithinHalfAnOctave() {
        long seed = System.nanoTime();
        RandomGenerator random = Mesh.random(seed);
        for (int round = 0; round < 200; round++) {
            var latencies = new Latencies();
            var exact = new long[1 + random.nextInt(500)];
            double scale = Math.pow(10, 5 + 4 * random.nextDouble());
            for (int i = 0; i < exact.length; i++) {
                exact[i] = 100_000 + (long) (scale * random.nextDouble());
                latencies.record(exact[i]);
            }
            Arrays.sort(exact);
            long p99 = exact[exact.length - 1 - exact.length / 100];

            long[] sums = Latencies.none();
            latencies.addTo(sums);
            assertThat(Latencies.p99(sums)).as("seed %d, round %d", seed, round).isBetween(p99, (long) (p99 * 1.51));
            assertThat(latencies.total()).isEqualTo(exact.length);
        }
    }

    @Test
    void takesAnyDuration() {
        var latencies = new Latencies();
        for (long nanos :
                new long[] {-1, 0, 1, 65_535, 65_536, 98_304, 131_072, 1L << 40, Long.MAX_VALUE, Long.MIN_VALUE}) {
            latencies.record(nanos);
        }
        assertThat(latencies.total()).isEqualTo(10);
        assertThat(Latencies.p99(Latencies.none())).isZero();
    }

    @Test
    void knowsTheShapeOfTheLastTurnsAndTheCountOfAll() {
        var latencies = new Latencies();
        for (int turn = 0; turn < 5; turn++) {
            for (int i = 0; i < 1000; i++) {
                latencies.record(turn == 0 ? 1_000_000_000 : 1_000_000);
            }
            long[] sums = Latencies.none();
            latencies.addTo(sums);
            assertThat(Latencies.p99(sums) > 1_000_000_000).as("turn %d", turn).isEqualTo(turn < 2);
            assertThat(latencies.total()).isEqualTo(1000L * (turn + 1));
            latencies.turn();
        }
    }
}
