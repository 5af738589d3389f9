package dev.sidestep.sidecar.http2;

import static dev.sidestep.sidecar.http2.Liveness.Verdict.DEAD;
import static dev.sidestep.sidecar.http2.Liveness.Verdict.FINE;
import static dev.sidestep.sidecar.http2.Liveness.Verdict.PING;
import static dev.sidestep.sidecar.http2.Liveness.Verdict.SILENT;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class LivenessTest {
    private final Liveness liveness = new Liveness(at(0));

    private static long at(double seconds) {
        return (long) (seconds * 1e9);
    }

    @Test
    void pingsAfterASecondWithoutAByte() {
        assertThat(liveness.check(at(0.9))).isEqualTo(FINE);
        assertThat(liveness.check(at(1))).isEqualTo(PING);
        assertThat(liveness.check(at(1.5))).isEqualTo(FINE);
    }

    @Test
    void countsTheSilenceFromTheFirstCallAfterNone() {
        liveness.busy(at(100));
        assertThat(liveness.check(at(100.5))).isEqualTo(FINE);
        assertThat(liveness.check(at(101))).isEqualTo(PING);
    }

    @Test
    void leavesAConnectionAloneThatDoesNotAnswerAndClosesItMuchLater() {
        assertThat(liveness.check(at(1))).isEqualTo(PING);
        assertThat(liveness.check(at(2.1))).isEqualTo(SILENT);
        assertThat(liveness.silent()).isTrue();
        assertThat(liveness.check(at(20.9))).isEqualTo(SILENT);
        assertThat(liveness.check(at(21.1))).isEqualTo(DEAD);
    }

    @Test
    void trustsAConnectionAgainThatAnswersLate() {
        liveness.check(at(1));
        liveness.check(at(2.1));
        liveness.bytes(at(5));
        assertThat(liveness.silent()).isFalse();
        assertThat(liveness.check(at(5.5))).isEqualTo(FINE);
    }

    @Test
    void sendsNoFourthPingWithinFiveMinutesToAServerThatOnlyAnswersPings() {
        int pings = 0;
        for (double second = 0; second < 290; second += 0.25) {
            if (liveness.check(at(second)) == PING) {
                pings++;
                liveness.bytes(at(second + 0.01));
            }
        }
        assertThat(pings).isEqualTo(3);
    }

    @Test
    void goesOnPingingAServerThatServes() {
        int pings = 0;
        for (int second = 0; second < 60; second += 2) {
            if (liveness.check(TimeUnit.SECONDS.toNanos(second)) == PING) {
                pings++;
                liveness.bytes(TimeUnit.SECONDS.toNanos(second));
                liveness.served();
            }
        }
        assertThat(pings).isGreaterThan(25);
    }
}
