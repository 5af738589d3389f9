package dev.sidestep.control.auth;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.concurrent.VirtualTimeExecutor;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class RefusalsTest {
    private final VirtualTimeExecutor owner = new VirtualTimeExecutor();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final Refusals refusals = new Refusals(owner, registry);

    private void add(Refusal refusal, int times) {
        owner.run(() -> {
            for (int i = 0; i < times; i++) {
                refusals.add(refusal, "10.0.0." + i % 250, "no token");
            }
        });
    }

    @Test
    void eachIsCountedAndTheLastIsShown() {
        add(Refusal.MISSING_TOKEN, 3);
        add(Refusal.FOREIGN_NODE, 1);
        owner.advance(Duration.ofSeconds(7));
        owner.run(() -> assertThat(refusals.report())
                .containsExactly(
                        new Refusals.Report("missing-token", 3, 7, "10.0.0.2: no token"),
                        new Refusals.Report("foreign-node", 1, 7, "10.0.0.0: no token")));
        assertThat(registry.get("sidestep.xds.refused")
                        .tag("reason", "missing-token")
                        .counter()
                        .count())
                .isEqualTo(3);
    }

    @Test
    void aFloodIsOneLineInHalfAMinute() {
        PrintStream before = System.err;
        var written = new ByteArrayOutputStream();
        System.setErr(new PrintStream(written, true, StandardCharsets.UTF_8));
        try {
            for (int second = 0; second < 60; second++) {
                add(Refusal.MISSING_TOKEN, 1_000);
                owner.advance(Duration.ofSeconds(1));
            }
        } finally {
            System.setErr(before);
        }
        assertThat(written.toString(StandardCharsets.UTF_8).lines())
                .hasSize(2)
                .element(1)
                .asString()
                .contains("29999 more since the last line");
    }
}
