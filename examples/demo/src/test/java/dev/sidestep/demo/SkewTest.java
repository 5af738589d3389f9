package dev.sidestep.demo;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SkewTest {
    private final Skew skew = new Skew();

    @Test
    void leavesAClockAloneWhoseLinesComeSoon() {
        assertThat(skew.after(1_000_000, 1_200_000)).isZero();
    }

    @Test
    void setsAClockBackThatIsAheadOfOurs() {
        assertThat(skew.after(5_000_000, 1_000_000)).isEqualTo(-4_000_000);
    }

    @Test
    void setsAClockForwardWhoseLinesAllSeemLate() {
        assertThat(skew.after(1_000_000, 9_000_000)).isEqualTo(8_000_000);
        assertThat(skew.after(2_000_000, 5_000_000)).isEqualTo(3_000_000);
        assertThat(skew.after(3_000_000, 9_000_000)).isEqualTo(3_000_000);
    }

    @Test
    void forgetsABacklogAsSoonAsOneLineIsInTime() {
        assertThat(skew.after(1_000_000, 3_000_000)).isEqualTo(2_000_000);
        assertThat(skew.after(3_000_000, 3_100_000)).isZero();
        assertThat(skew.after(3_000_000, 4_000_000)).isZero();
    }
}
