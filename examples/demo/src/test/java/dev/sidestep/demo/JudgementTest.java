package dev.sidestep.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A whole run, made up: everything kept at first, then one thing broken in each test. */
class JudgementTest {
    private static final long SECOND = Time.SECOND;
    private static final List<String> PODS = List.of("backend-1", "backend-2");
    private static final String CUT = "503 {x-sidestep-reason=[RESET_AFTER_SEND]}";

    private final Observations observations = new Observations();
    private final Facts facts = new Facts();

    @BeforeEach
    void aRunThatKeepsEverything() {
        facts.before.add(new Window("without", Stage.FIRST, "", 0, SECOND, PODS));
        facts.after.add(new Window("with", Stage.FIRST, "", SECOND, 2 * SECOND, PODS));
        facts.scaleStart = 2 * SECOND;
        facts.newPod = "backend-2";
        facts.newPodReady = 3 * SECOND;
        facts.killedPod = "backend-1";
        facts.killed = 4 * SECOND;
        facts.dead = 4 * SECOND + 2;
        facts.killEnd = 8 * SECOND;
        facts.hungPod = "backend-2";
        facts.hung = 10 * SECOND;
        facts.healed = 14 * SECOND;
        facts.outage = 16 * SECOND;
        facts.restarted = 17 * SECOND;
        facts.outageEnd = 21 * SECOND;
        facts.off = 24 * SECOND;
        facts.on = 27 * SECOND;
        facts.end = 30 * SECOND;
        for (String pod : PODS) {
            call(Stage.FIRST, SECOND, Call.Kind.GET, pod, "");
            call(Stage.FIRST, SECOND, Call.Kind.GRPC, pod, "");
        }
        for (String client : Stage.CLIENTS) {
            call(client, 3 * SECOND + 100_000, Call.Kind.GET, "backend-2", "");
            call(client, 3 * SECOND + 100_000, Call.Kind.GRPC, "backend-2", "");
            arrival(client, 10 * SECOND + 1, 1, false, true);
        }
        arrival(Stage.SECOND, 18 * SECOND, 1, false, false);
        arrival(Stage.SECOND, 25 * SECOND, 1, true, false);
        arrival(Stage.SECOND, 28 * SECOND, 1, false, false);
    }

    @Test
    void keepsEveryPromiseOfARunWithoutAFlaw() {
        assertThat(broken()).isEmpty();
    }

    @Test
    void seesAnUnevenWindow() {
        call(Stage.FIRST, SECOND, Call.Kind.GRPC, "backend-2", "");
        assertThat(broken()).containsExactly("requests even over healthy pods");
    }

    @Test
    void seesANewPodThatOneClientDoesNotUse() {
        facts.newPodReady = 3 * SECOND - 950_000;
        assertThat(broken()).containsExactly("new pod used");
        facts.newPod = "backend-9";
        assertThat(broken()).containsExactly("new pod used");
    }

    @Test
    void takesASecondAttemptForATryAtTheDeadPod() {
        arrival(Stage.FIRST, 4 * SECOND + 10, 2, false, false);
        assertThat(broken()).isEmpty();
        arrival(Stage.FIRST, 5 * SECOND + 10_000, 2, false, false);
        arrival(Stage.FIRST, 5 * SECOND + 20_000, 2, false, false);
        assertThat(broken()).containsExactly("dead pod left alone");
    }

    @Test
    void seesAHungPodThatGoesOnBeingAsked() {
        for (long micros = 10 * SECOND; micros < 14 * SECOND; micros += 100_000) {
            arrival(Stage.FIRST, micros, 1, false, true);
        }
        assertThat(broken()).containsExactly("hung pod left alone");
    }

    @Test
    void forgivesNoGetThatFails() {
        call(Stage.FIRST, 4 * SECOND, Call.Kind.GET, "-", CUT);
        assertThat(broken()).containsExactly("GETs on scale, kill, outage, mode change");
    }

    @Test
    void forgivesAGetThatTheHungPodKept() {
        call(Stage.FIRST, 11 * SECOND, Call.Kind.GET, "-", "timed out");
        assertThat(broken()).isEmpty();
    }

    @Test
    void forgivesAGetThatWasOnItsWayWhenThePodBeganToHang() {
        observations.add(
                new Call(Stage.FIRST, facts.hung - 1, facts.hung + 2 * SECOND, Call.Kind.GET, "-", false, "timed out"));
        assertThat(broken()).isEmpty();
    }

    @Test
    void forgivesAPostCutByTheKillOnlyIfItSaysSo() {
        observations.add(new Call(Stage.FIRST, facts.killed - 1, facts.killed + 1, Call.Kind.POST, "-", false, CUT));
        assertThat(broken()).isEmpty();
        observations.add(new Call(
                Stage.FIRST, facts.killed - 1, facts.killed + 1, Call.Kind.POST, "-", false, "connection reset"));
        assertThat(broken()).containsExactly("POSTs and gRPC calls cut by the kill");
    }

    @Test
    void forgivesNoPostThatWasSentToADeadPod() {
        call(Stage.FIRST, facts.killed + 5, Call.Kind.GRPC, "-", CUT);
        assertThat(broken()).containsExactly("POSTs and gRPC calls cut by the kill");
    }

    @Test
    void seesARestartThatGoesOnNeedingTheVip() {
        arrival(Stage.SECOND, 17 * SECOND + 1, 1, true, false);
        assertThat(broken()).isEmpty();
        arrival(Stage.SECOND, 18 * SECOND + 2, 1, true, false);
        assertThat(broken()).containsExactly("app restarted without control plane");
    }

    @Test
    void seesACallPastTheVipWhileOff() {
        arrival(Stage.FIRST, 26 * SECOND, 1, false, false);
        assertThat(broken()).containsExactly("mode: off, everything to the VIP, and back");
    }

    @Test
    void breaksAPromiseForWhatTheStoryWaitedForInVain() {
        facts.missing.add("no HTTP answers");
        assertThat(broken()).containsExactly("the story goes on");
    }

    @Test
    void inAClusterKeepsThePromisesOfARunWithoutAFlaw() {
        playInACluster(1);
        assertThat(brokenInACluster()).isEmpty();
    }

    @Test
    void inAClusterSeesAChannelThatGoesOnToEveryPodWhileOff() {
        playInACluster(1);
        call(Stage.FIRST, facts.on - 1, Call.Kind.GRPC, "backend-1", "");
        call(Stage.FIRST, facts.on - 1, Call.Kind.GRPC, "backend-2", "");
        assertThat(brokenInACluster()).containsExactly("mode: off, every channel on one connection, and back");
    }

    @Test
    void inAClusterSeesACallThatIsBalancedTooLongAfterOff() {
        playInACluster(1);
        call(Stage.SECOND, facts.off + SECOND, Call.Kind.GRPC, "backend-2", "");
        assertThat(brokenInACluster()).isEmpty();
        call(Stage.SECOND, facts.off + SECOND + 1, Call.Kind.GRPC, "backend-2", "");
        assertThat(brokenInACluster()).containsExactly("mode: off, every channel on one connection, and back");
    }

    @Test
    void inAClusterSeesAClientThatComesBackLate() {
        playInACluster(SECOND);
        assertThat(brokenInACluster()).isEmpty();
        facts.on -= 1;
        assertThat(brokenInACluster()).containsExactly("mode: off, every channel on one connection, and back");
    }

    /** Both clients' calls by turns, and while off on the pod that the VIP drew. */
    private void playInACluster(long backMicros) {
        for (String client : Stage.CLIENTS) {
            call(client, facts.on - 2, Call.Kind.GRPC, "backend-1", "");
            call(client, facts.on + backMicros, Call.Kind.GRPC, "backend-2", "");
        }
        facts.hung = facts.end;
        facts.outage = facts.end;
    }

    private List<String> broken() {
        return broken(new Judgement(facts, observations, Stage.CLIENTS).promises());
    }

    private List<String> brokenInACluster() {
        return broken(new Judgement(facts, observations, Stage.CLIENTS).inACluster());
    }

    private static List<String> broken(List<Promise> promises) {
        return promises.stream()
                .filter(each -> !each.kept())
                .map(Promise::promise)
                .toList();
    }

    private void call(String client, long micros, Call.Kind kind, String pod, String error) {
        observations.add(new Call(client, micros, micros + 1, kind, pod, error.isEmpty(), error));
    }

    private void arrival(String client, long micros, int attempt, boolean viaVip, boolean held) {
        observations.add(new Arrival("backend-2", micros, true, client, attempt, viaVip, held ? "HANG" : "NONE"));
    }
}
