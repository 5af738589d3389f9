package dev.sidestep.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CallsTest {
    private static final Set<String> PODS = Set.of("a", "b");

    private static CallRecord ok(long start, String pod) {
        return new CallRecord(start, start + 5000, "GET", pod, true, "");
    }

    private static Calls inTurn(int count, String... pods) {
        List<CallRecord> calls = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            calls.add(ok(i, pods[i % pods.length]));
        }
        return new Calls(calls);
    }

    @Test
    void callsInTurnAreEven() {
        assertThat(inTurn(1000, "a", "b").maxOverMean(PODS)).isEqualTo(1);
    }

    @Test
    void aPodThatNobodyCalledCounts() {
        assertThat(inTurn(1000, "a").maxOverMean(PODS)).isEqualTo(2);
    }

    @Test
    void anUnevenStretchIsNotMadeUpForByAnother() {
        List<CallRecord> calls = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            calls.add(ok(i, i < 200 ? "a" : "b"));
        }
        assertThat(new Calls(calls).maxOverMean(PODS)).isEqualTo(2);
    }

    @Test
    void noCallAtAllIsNotEven() {
        assertThat(new Calls(List.of()).maxOverMean(PODS)).isInfinite();
    }

    @Test
    void callsAreInTheOrderOfTheirStartsHoweverTheyEnded() {
        var calls = new Calls(List.of(ok(7, "b"), ok(3, "a")));
        assertThat(calls.all()).extracting(CallRecord::pod).containsExactly("a", "b");
        assertThat(calls.firstAnswerOf("b")).hasValue(7);
        assertThat(calls.firstAnswerOf("c")).isEmpty();
    }

    @Test
    void equalErrorsAreCountedTogetherWhateverTheAddress() {
        var calls = new Calls(List.of(
                new CallRecord(1, 2, "GET", "-", false, "dial tcp 10.1.2.3:45678: refused"),
                new CallRecord(2, 3, "GET", "-", false, "dial tcp 10.1.2.4:45679: refused"),
                ok(3, "a")));
        assertThat(calls.summary()).isEqualTo("3 calls, 2 failed: 2 x GET: dial tcp IP:PORT: refused");
    }

    @Test
    void linesThatAreNoCallsAreSkipped() {
        String lines = "listening\ncall\t1\t2\tPOST\t-\tFAILED\tEOF\ncall\t3\t4\tGET\tbackend-1\tOK\t\n";
        assertThat(CallRecord.parse(lines))
                .containsExactly(
                        new CallRecord(1, 2, "POST", "-", false, "EOF"),
                        new CallRecord(3, 4, "GET", "backend-1", true, ""));
    }

    @Test
    void onlyWhatMayBeSentTwiceIsSafe() {
        assertThat(List.of("GET", "GET2")).allMatch(kind -> new CallRecord(1, 2, kind, "a", true, "").isSafe());
        assertThat(List.of("POST", "POST2", "GRPC"))
                .noneMatch(kind -> new CallRecord(1, 2, kind, "a", true, "").isSafe());
    }
}
