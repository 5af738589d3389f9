package dev.sidestep.balancing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

final class LatenciesTest {
    @Test
    void findsThe99thPercentileWithinAQuarterOfAnOctave() {
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
            assertThat(Latencies.p99(sums)).as("seed %d, round %d", seed, round).isBetween(p99, (long) (p99 * 1.26));
            assertThat(latencies.total()).isEqualTo(exact.length);
        }
    }

    @Test
    void takesAnyDuration() {
        var latencies = new Latencies();
        for (long nanos : new long[] {-1, 0, 1, 65_535, 65_536, 1L << 40, Long.MAX_VALUE, Long.MIN_VALUE}) {
            latencies.record(nanos);
        }
        assertThat(latencies.total()).isEqualTo(8);
        assertThat(Latencies.p99(Latencies.none())).isZero();
    }

    @Test
    void fadingForgetsTheShapeAndNotTheCount() {
        var latencies = new Latencies();
        for (int i = 0; i < 1000; i++) {
            latencies.record(1_000_000_000);
        }
        for (int i = 0; i < 12; i++) {
            latencies.fade();
        }
        for (int i = 0; i < 1000; i++) {
            latencies.record(1_000_000);
        }
        long[] sums = Latencies.none();
        latencies.addTo(sums);

        assertThat(Latencies.p99(sums)).isLessThan(2_000_000);
        assertThat(latencies.total()).isEqualTo(2000);
    }
}
