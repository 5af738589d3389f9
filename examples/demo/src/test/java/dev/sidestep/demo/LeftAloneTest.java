package dev.sidestep.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class LeftAloneTest {
    @Test
    void isUnknownWithoutAnAttempt() {
        assertThat(LeftAlone.lastBefore(List.of())).isEmpty();
    }

    @Test
    void isAfterTheOnlyAttempt() {
        assertThat(LeftAlone.lastBefore(List.of(5_000_000L))).hasValue(5_000_000);
    }

    @Test
    void isAfterTheLastOfARun() {
        assertThat(LeftAlone.lastBefore(List.of(20_000L, 0L, 10_000L))).hasValue(20_000);
    }

    @Test
    void isNotUndoneByProbesThatComeOneAtATime() {
        assertThat(LeftAlone.lastBefore(List.of(0L, 10_000L, 1_000_000L, 3_000_000L)))
                .hasValue(10_000);
    }

    @Test
    void isUndoneByTwoCallsCloseTogether() {
        assertThat(LeftAlone.lastBefore(List.of(0L, 1_000_000L, 1_010_000L))).hasValue(1_010_000);
    }
}
