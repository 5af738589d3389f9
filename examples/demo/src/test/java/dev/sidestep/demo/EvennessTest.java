package dev.sidestep.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EvennessTest {
    private final Observations observations = new Observations();
    private final Evenness evenness = new Evenness(observations);
    private final Window window = new Window("test", "one", "", 100, 200, List.of("a", "b"));

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
        assertThat(evenness.worst(List.of(window)).maxOverMean()).isInfinite();
    }

    @Test
    void countsAPodThatShouldHaveHadCallsAndHadNone() {
        call("one", 100, Call.Kind.GET, "a", true);
        assertThat(evenness.perPod(window, call -> true)).containsExactlyInAnyOrderEntriesOf(Map.of("a", 1L, "b", 0L));
    }

    @Test
    void countsTheClientsOwnAnsweredCallsThatStartInTheWindow() {
        call("one", 99, Call.Kind.GET, "a", true);
        call("one", 200, Call.Kind.GET, "a", true);
        call("other", 150, Call.Kind.GET, "a", true);
        call("one", 150, Call.Kind.GET, "a", false);
        call("one", 199, Call.Kind.GET, "b", true);
        assertThat(evenness.perPod(window, call -> true)).containsExactlyInAnyOrderEntriesOf(Map.of("a", 0L, "b", 1L));
    }

    @Test
    void judgesHttpAndGrpcApart() {
        call("one", 150, Call.Kind.GET, "a", true);
        call("one", 150, Call.Kind.POST, "b", true);
        call("one", 150, Call.Kind.GRPC, "a", true);
        call("one", 150, Call.Kind.GRPC, "a", true);
        assertThat(evenness.worst(List.of(window)).maxOverMean()).isEqualTo(2);
    }

    @Test
    void judgesAWindowWithFewCallsTogetherWithTheNext() {
        var next = new Window("next", "one", "", 200, 300, window.pods());
        calls(150, 99, "a");
        calls(150, 100, "b");
        calls(250, 3, "a");
        calls(250, 2, "b");
        assertThat(evenness.worst(List.of(window, next)).maxOverMean()).isEqualTo(1);
        calls(150, 20, "a");
        assertThat(evenness.worst(List.of(window, next)).maxOverMean())
                .as("enough by itself now")
                .isGreaterThan(1.05);
    }

    private void calls(long micros, int count, String pod) {
        for (int i = 0; i < count; i++) {
            call("one", micros, Call.Kind.GET, pod, true);
            call("one", micros, Call.Kind.GRPC, pod.equals("a") ? "b" : "a", true);
        }
    }

    private void call(String client, long micros, Call.Kind kind, String pod, boolean ok) {
        observations.add(new Call(client, micros, micros + 1, kind, pod, ok, ""));
    }
}
