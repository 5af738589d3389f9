package dev.sidestep.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class AwaitTest {
    @Test
    void asksAgainUntilTheConditionHolds() {
        AtomicInteger asked = new AtomicInteger();
        Await.until("three questions", Duration.ofSeconds(5), () -> asked.incrementAndGet() == 3);
        assertThat(asked).hasValue(3);
    }

    @Test
    void namesWhatWasAwaitedAndWhatWasSeenLast() {
        assertThatThrownBy(() -> Await.untilPasses("the moon", Duration.ZERO, () -> {
                    throw new AssertionError("cheese");
                }))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("the moon")
                .hasMessageContaining("cheese");
    }
}
