package dev.sidestep.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EvennessTest {
    private final Observations observations = new Observations();
    private final Window window = new Window("test", "one", 100, 200, List.of("a", "b"));

    @Test
    void isOneWhenEveryPodHasTheSame() {
        assertThat(Evenness.maxOverMean(Map.of("a", 7L, "b", 7L, "c", 7L))).isEqualTo(1);
    }

    @Test
    void isTheNumberOfPodsWhenOneHasAll() {
        assertThat(Evenness.maxOverMean(Map.of("a", 9L, "b", 0L, "c", 0L))).isEqualTo(3);
    }

    @Test
    void isNotGoodWhereNothingWasSeen() {
        assertThat(Evenness.maxOverMean(Map.of("a", 0L, "b", 0L))).isInfinite();
        assertThat(Evenness.worst(observations, List.of(window))).isInfinite();
    }

    @Test
    void countsAPodThatShouldHaveHadCallsAndHadNone() {
        call("one", 100, Call.Kind.GET, "a", true);
        assertThat(Evenness.perPod(observations, window, call -> true))
                .containsExactlyInAnyOrderEntriesOf(Map.of("a", 1L, "b", 0L));
    }

    @Test
    void countsTheClientsOwnAnsweredCallsThatStartInTheWindow() {
        call("one", 99, Call.Kind.GET, "a", true);
        call("one", 200, Call.Kind.GET, "a", true);
        call("other", 150, Call.Kind.GET, "a", true);
        call("one", 150, Call.Kind.GET, "a", false);
        call("one", 199, Call.Kind.GET, "b", true);
        assertThat(Evenness.perPod(observations, window, call -> true))
                .containsExactlyInAnyOrderEntriesOf(Map.of("a", 0L, "b", 1L));
    }

    @Test
    void judgesHttpAndGrpcApart() {
        call("one", 150, Call.Kind.GET, "a", true);
        call("one", 150, Call.Kind.POST, "b", true);
        call("one", 150, Call.Kind.GRPC, "a", true);
        call("one", 150, Call.Kind.GRPC, "a", true);
        assertThat(Evenness.worst(observations, List.of(window))).isEqualTo(2);
    }

    private void call(String client, long micros, Call.Kind kind, String pod, boolean ok) {
        observations.add(new Call(client, micros, micros + 1, kind, pod, ok, ""));
    }
}
