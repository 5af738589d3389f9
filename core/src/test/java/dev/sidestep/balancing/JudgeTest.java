package dev.sidestep.balancing;

import static dev.sidestep.balancing.Mesh.cluster;
import static dev.sidestep.balancing.Mesh.ready;
import static dev.sidestep.balancing.Mesh.share;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.balancing.Status.EndpointState;
import dev.sidestep.balancing.Traffic.Behaviour;
import dev.sidestep.model.Endpoint;
import dev.sidestep.model.TrafficPolicy;
import dev.sidestep.model.TrafficPolicy.Retry;
import dev.sidestep.model.TrafficPolicy.Retry.On;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

final class JudgeTest {
    private static final String FIRST = "10.0.0.1:8080";
    private static final String SECOND = "10.0.0.2:8080";

    private final Mesh mesh = new Mesh();
    private final Traffic traffic = new Traffic(mesh.owner, 11);

    @Test
    void leavesADeadEndpointAloneAfterItsFirstRefusalAndLosesNoSafeCall() {
        Destination backend = mesh.backend(ready(4));
        traffic.run(backend, 500, ofSeconds(5));
        long killed = now();
        traffic.behave(FIRST, Behaviour.REFUSES);

        traffic.run(backend, 500, ofSeconds(10));

        assertThat(traffic.failed).isZero();
        assertThat(states()).containsEntry(FIRST, EndpointState.EJECTED);
        // At 500 calls a second a refusal is known before the next call; then one probe after 1, 2 and 4 seconds.
        assertThat(traffic.attempts(FIRST, killed, killed + ofMillis(900).toNanos()))
                .isEqualTo(1);
        assertThat(traffic.attempts(FIRST, killed + ofMillis(900).toNanos(), now()))
                .isBetween(2L, 3L);
    }

    @Test
    void admitsADeadEndpointAgainByProbeOnceItIsBack() {
        Destination backend = mesh.backend(ready(3));
        traffic.behave(FIRST, Behaviour.REFUSES);
        traffic.run(backend, 100, ofSeconds(2));
        traffic.behave(FIRST, Behaviour.ANSWERS);

        traffic.run(backend, 100, ofSeconds(3));

        assertThat(states()).containsEntry(FIRST, EndpointState.READY);
        assertThat(share(backend, 3)).hasSize(3);
    }

    @Test
    void oneConnectTimeoutMayBeALostPacketAndTwoAreNot() {
        Destination backend = mesh.backend(ready(3));
        Subchannel first = pickOf(backend, FIRST);
        traffic.run(backend, 10, ofSeconds(1));
        attempt(first, Outcome.CONNECT_TIMEOUT, ofSeconds(1));
        assertThat(states()).containsEntry(FIRST, EndpointState.READY);

        attempt(first, Outcome.CONNECT_TIMEOUT, ofSeconds(1));

        assertThat(states()).containsEntry(FIRST, EndpointState.EJECTED);
    }

    @Test
    void leavesAHungEndpointAloneWithinTwoSecondsAndAdmitsItAgainByProbe() {
        Destination backend = mesh.backend(ready(3));
        traffic.callerTimeout(ofSeconds(5));
        traffic.run(backend, 100, ofSeconds(3));
        long hung = now();
        traffic.behave(FIRST, Behaviour.HANGS);
        traffic.run(backend, 100, ofSeconds(2));
        assertThat(states()).containsEntry(FIRST, EndpointState.SUSPECT);

        traffic.run(backend, 100, ofSeconds(10));

        // Its first unanswered second ends at 1 s and the next look at it is at most 0.1 s later; then only probes.
        assertThat(traffic.attempts(FIRST, hung, hung + ofMillis(1200).toNanos()))
                .isBetween(33L, 38L);
        assertThat(traffic.attempts(FIRST, hung + ofMillis(1200).toNanos(), now()))
                .isBetween(1L, 4L);
        assertThat(states()).containsEntry(FIRST, EndpointState.EJECTED);

        traffic.heal(FIRST);
        traffic.run(backend, 100, ofSeconds(1));
        assertThat(states()).containsEntry(FIRST, EndpointState.READY);
    }

    @Test
    void noSafeCallIsLostToAHungEndpoint() {
        Destination backend = mesh.backend(ready(4));
        traffic.callerTimeout(ofSeconds(5));
        traffic.moveFromHung(mesh.balancer, true);
        traffic.run(backend, 100, ofSeconds(3));
        traffic.behave(FIRST, Behaviour.HANGS);

        traffic.run(backend, 100, ofSeconds(20));

        assertThat(traffic.failed).isZero();
        assertThat(traffic.unfinished).isLessThan(4);
        assertThat(states().get(FIRST)).isNotEqualTo(EndpointState.READY);
    }

    @Test
    void aCallThatMayNotBeMovedFromAHungEndpointWaitsAndMayStillBeAnswered() {
        Destination backend = mesh.backend(ready(4));
        traffic.moveFromHung(mesh.balancer, false);
        traffic.run(backend, 100, ofSeconds(3));
        traffic.behave(FIRST, Behaviour.HANGS);
        traffic.run(backend, 100, ofSeconds(10));
        assertThat(traffic.unfinished).isBetween(25, 32);

        traffic.heal(FIRST);
        traffic.run(backend, 100, ofSeconds(1));

        assertThat(traffic.failed).isZero();
        assertThat(traffic.unfinished).isLessThan(3);
    }

    @Test
    void whatWaitsOnStandingConnectionsIsMovedWhereNewOnesAreNotMade() {
        Destination backend = mesh.backend(ready(3));
        var hung = new ArrayList<Subchannel>();
        mesh.balancer.onHung(hung::add);
        Subchannel first = pickOf(backend, FIRST);
        traffic.behave(FIRST, Behaviour.DROPS_PACKETS);
        first.started(now());
        attempt(first, Outcome.CONNECT_TIMEOUT, ofMillis(300));
        attempt(first, Outcome.CONNECT_TIMEOUT, ofMillis(300));
        assertThat(states()).containsEntry(FIRST, EndpointState.EJECTED);
        assertThat(hung).as("one waits, for less than its patience").isEmpty();

        mesh.owner.advance(ofMillis(500));

        assertThat(hung).containsExactly(first);
    }

    @Test
    void aHungEndpointIsToldAgainOnlyAfterAnotherPatience() {
        Destination backend = mesh.backend(ready(3));
        var hung = new ArrayList<Long>();
        mesh.balancer.onHung(subchannel -> hung.add(now()));
        traffic.behave(FIRST, Behaviour.HANGS);

        traffic.run(backend, 100, ofMillis(2050));

        assertThat(hung).hasSize(1);
    }

    @Test
    void admitsAHungEndpointByProbeEvenWhenNothingWaitsForItAnyMore() {
        Destination backend = mesh.backend(ready(3));
        traffic.callerTimeout(ofMillis(1500));
        traffic.behave(FIRST, Behaviour.HANGS);
        traffic.run(backend, 100, ofSeconds(6));
        assertThat(states().get(FIRST)).isIn(EndpointState.EJECTED, EndpointState.PROBING);
        traffic.behave(FIRST, Behaviour.ANSWERS);

        traffic.run(backend, 100, ofSeconds(20));

        assertThat(states()).containsEntry(FIRST, EndpointState.READY);
    }

    @Test
    void suspectsNobodyWhenAllAreSilent() {
        Destination backend = mesh.backend(ready(3));
        traffic.run(backend, 100, ofSeconds(1));
        for (String endpoint : states().keySet()) {
            traffic.behave(endpoint, Behaviour.HANGS);
        }
        traffic.run(backend, 100, ofSeconds(10));

        assertThat(states().values()).containsOnly(EndpointState.READY);
    }

    @Test
    void waitsLongerForAClusterThatIsSlow() {
        Destination backend = mesh.backend(ready(3));
        traffic.latency(ofMillis(800));
        traffic.run(backend, 50, ofSeconds(30));
        traffic.behave(FIRST, Behaviour.HANGS);

        traffic.run(backend, 50, ofSeconds(5));
        assertThat(states()).as("ten times its p99 is more than 5 s").containsEntry(FIRST, EndpointState.READY);

        traffic.run(backend, 50, ofSeconds(15));
        assertThat(states().get(FIRST)).isNotEqualTo(EndpointState.READY);
    }

    @Test
    void doesNotTakeASlowStartForTheNormal() {
        Destination backend = mesh.backend(ready(3));
        traffic.latency(ofMillis(1500)); // Cold JVMs at both ends.
        traffic.run(backend, 120, ofSeconds(2));
        traffic.latency(ofMillis(5));
        traffic.run(backend, 120, ofSeconds(25));
        traffic.behave(FIRST, Behaviour.HANGS);

        traffic.run(backend, 120, ofSeconds(2));

        assertThat(states().get(FIRST)).isNotEqualTo(EndpointState.READY);
    }

    @Test
    void aCallerInAHurrySaysNothing() {
        Destination backend = mesh.backend(ready(3));
        traffic.run(backend, 10, ofSeconds(1));
        Subchannel first = pickOf(backend, FIRST);
        for (int i = 0; i < 20; i++) {
            attempt(first, Outcome.TIMEOUT, ofMillis(50));
        }
        assertThat(states()).containsEntry(FIRST, EndpointState.READY);

        traffic.run(backend, 10, ofMillis(1)); // The others answer.
        for (int i = 0; i < 3; i++) {
            attempt(first, i == 1 ? Outcome.NEUTRAL : Outcome.TIMEOUT, ofMillis(1001));
        }
        assertThat(states()).containsEntry(FIRST, EndpointState.EJECTED);
    }

    @Test
    void aCallThatNobodyAnswersSaysNothingOfAnEndpointThatAnswersOthers() {
        Destination backend = mesh.backend(ready(3));
        traffic.run(backend, 10, ofSeconds(1));
        Subchannel first = pickOf(backend, FIRST);
        for (int i = 0; i < 5; i++) {
            long start = now();
            first.started(start);
            traffic.run(backend, 10, ofSeconds(2));
            first.ended(Outcome.TIMEOUT, false, now() - start);
            mesh.settle();
        }
        assertThat(states()).containsEntry(FIRST, EndpointState.READY);
    }

    @Test
    void ejectsAnEndpointThatFailsFiveTimesInARow() {
        Destination backend = mesh.backend(ready(3));
        traffic.run(backend, 100, ofSeconds(1));
        Subchannel first = pickOf(backend, FIRST);
        for (int i = 0; i < 4; i++) {
            attempt(first, Outcome.SERVER_ERROR, ofMillis(1));
        }
        attempt(first, Outcome.SUCCESS, ofMillis(1));
        for (int i = 0; i < 4; i++) {
            attempt(first, Outcome.SERVER_ERROR, ofMillis(1));
        }
        assertThat(states()).containsEntry(FIRST, EndpointState.READY);

        attempt(first, Outcome.SERVER_ERROR, ofMillis(1));

        assertThat(states()).containsEntry(FIRST, EndpointState.EJECTED);
    }

    @Test
    void ejectsAnEndpointThatFailsEverySecondCall() {
        Destination backend = mesh.backend(ready(3));
        traffic.run(backend, 100, ofSeconds(11));
        Subchannel first = pickOf(backend, FIRST);
        for (int i = 0; i < 60 && states().get(FIRST) == EndpointState.READY; i++) {
            attempt(first, i % 3 == 0 ? Outcome.SUCCESS : Outcome.SERVER_ERROR, ofMillis(1));
            mesh.owner.advance(ofMillis(200));
        }
        assertThat(states()).containsEntry(FIRST, EndpointState.EJECTED);
    }

    @Test
    void doesNotHoldAgainstAnEndpointWhatItWasLeftAloneFor() {
        Destination backend = mesh.backend(ready(3));
        traffic.run(backend, 20, ofSeconds(2));
        Subchannel first = pickOf(backend, FIRST);
        for (int i = 0; i < 40; i++) {
            attempt(first, i % 4 == 0 ? Outcome.SUCCESS : Outcome.SERVER_ERROR, ofMillis(1));
        }
        assertThat(states()).containsEntry(FIRST, EndpointState.EJECTED);
        mesh.owner.advance(ofMillis(1400));
        attempt(first, Outcome.SUCCESS, ofMillis(1));
        assertThat(states()).containsEntry(FIRST, EndpointState.READY);

        attempt(first, Outcome.SERVER_ERROR, ofMillis(1));

        assertThat(states()).containsEntry(FIRST, EndpointState.READY);
    }

    @Test
    void ejectsNobodyForAnErrorOfTheApplication() {
        Destination backend = mesh.backend(ready(3));
        var random = Mesh.random(5);
        long from = now();
        for (int i = 0; i < 3000; i++) {
            // One path of every pod fails, and a fifth of the calls, in bursts, go there.
            boolean fails = i % 500 < 50 || random.nextInt(10) == 0;
            for (String endpoint : states().keySet()) {
                traffic.behave(endpoint, fails ? Behaviour.FAILS : Behaviour.ANSWERS);
            }
            traffic.run(backend, 200, ofMillis(5));
        }
        assertThat(ejections()).isZero();
        assertThat(traffic.unevenness(3, from)).isLessThan(1.01);
    }

    @Test
    void ejectsNobodyWhenAllFail() {
        Destination backend = mesh.backend(ready(4));
        for (String endpoint : states().keySet()) {
            traffic.behave(endpoint, Behaviour.FAILS);
        }
        traffic.run(backend, 200, ofSeconds(30));

        assertThat(ejections()).isZero();
    }

    @Test
    void judgesADeadEndpointAlsoWhileTheApplicationFails() {
        Destination backend = mesh.backend(ready(3));
        for (String endpoint : states().keySet()) {
            traffic.behave(endpoint, Behaviour.FAILS);
        }
        traffic.run(backend, 100, ofSeconds(5));
        traffic.behave(SECOND, Behaviour.REFUSES);

        traffic.run(backend, 100, ofMillis(500));

        assertThat(states()).containsEntry(SECOND, EndpointState.EJECTED).containsEntry(FIRST, EndpointState.READY);
    }

    @Test
    void neverLeavesTheLastAlone() {
        Destination backend = mesh.backend(ready(1));
        traffic.behave(FIRST, Behaviour.REFUSES);

        traffic.run(backend, 50, ofSeconds(5));

        assertThat(backend.pick()).hasToString(FIRST);
    }

    @Test
    void leavesNoMoreThanHalfAloneAndTheSurestCasesFirst() {
        Destination backend = mesh.backend(ready(4));
        traffic.run(backend, 100, ofSeconds(1));
        traffic.behave("10.0.0.1:8080", Behaviour.FAILS);
        traffic.run(backend, 100, ofSeconds(1));
        assertThat(states()).containsEntry("10.0.0.1:8080", EndpointState.EJECTED);
        traffic.behave("10.0.0.2:8080", Behaviour.REFUSES);
        traffic.behave("10.0.0.3:8080", Behaviour.REFUSES);

        traffic.run(backend, 100, ofMillis(500));

        assertThat(share(backend, 100)).containsOnlyKeys("10.0.0.1:8080", "10.0.0.4:8080");
    }

    @Test
    void doublesTheTimeAnEndpointIsLeftAloneUpToTheMaximum() {
        Destination backend = mesh.backend(ready(3));
        traffic.behave(FIRST, Behaviour.REFUSES);
        traffic.run(backend, 50, Duration.ofMinutes(10));

        List<Long> gaps = gaps(FIRST);

        long last = 0;
        for (long gap : gaps.subList(0, 5)) {
            assertThat(gap).isGreaterThan((long) (last * 1.5));
            last = gap;
        }
        assertThat(gaps.get(0)).isBetween(1000L, 1400L);
        assertThat(gaps.subList(7, gaps.size()))
                .allSatisfy(gap -> assertThat(gap).isBetween(60_000L, 60_200L));
    }

    @Test
    void forgetsEjectionsWhileAnEndpointIsWell() {
        Destination backend = mesh.backend(ready(3));
        traffic.behave(FIRST, Behaviour.REFUSES);
        traffic.run(backend, 50, ofSeconds(20));
        traffic.behave(FIRST, Behaviour.ANSWERS);
        traffic.run(backend, 50, Duration.ofMinutes(3));
        traffic.attempts.clear();
        traffic.behave(FIRST, Behaviour.REFUSES);

        traffic.run(backend, 50, ofSeconds(2));

        assertThat(gaps(FIRST).get(0)).isBetween(1000L, 1400L);
    }

    @Test
    void sendsExactlyOneProbeAndAnotherOnlyIfItIsLost() {
        Destination backend = mesh.backend(ready(3));
        traffic.run(backend, 10, ofSeconds(1));
        Subchannel first = pickOf(backend, FIRST);
        attempt(first, Outcome.CONNECT_FAILED, ofMillis(1));
        mesh.owner.advance(ofMillis(1400));
        assertThat(states()).containsEntry(FIRST, EndpointState.PROBING);

        assertThat(share(backend, 30)).containsEntry(FIRST, 1);
        mesh.owner.advance(ofMillis(900));
        assertThat(share(backend, 30)).doesNotContainKey(FIRST);
        mesh.owner.advance(ofMillis(300)); // Whoever had it never used it.
        assertThat(share(backend, 30)).containsEntry(FIRST, 1);
        first.started(now());
        mesh.owner.advance(ofMillis(500));
        first.ended(Outcome.NEUTRAL, false, ofMillis(500).toNanos());
        mesh.owner.advance(ofMillis(1200));
        assertThat(share(backend, 30)).containsEntry(FIRST, 1);
        attempt(first, Outcome.SUCCESS, ofMillis(1));
        assertThat(states()).containsEntry(FIRST, EndpointState.READY);
    }

    @Test
    void aSecondAttemptIsNeverAProbe() {
        Destination backend = mesh.backend(ready(3));
        attempt(pickOf(backend, FIRST), Outcome.CONNECT_FAILED, ofMillis(1));
        mesh.owner.advance(ofMillis(1400));
        assertThat(states()).containsEntry(FIRST, EndpointState.PROBING);
        Subchannel second = pickOfAnother(backend, SECOND);

        for (int i = 0; i < 10; i++) {
            assertThat(backend.pickAnother(List.of(second))).hasToString("10.0.0.3:8080");
        }
    }

    @Test
    void probesNobodyWhileTheListIsStale() {
        Destination backend = mesh.backend(ready(3));
        Subchannel first = pickOf(backend, FIRST);
        mesh.disconnect();
        mesh.owner.advance(ofSeconds(61));
        attempt(first, Outcome.CONNECT_FAILED, ofMillis(1));
        mesh.owner.advance(ofSeconds(5));
        assertThat(share(backend, 10)).doesNotContainKey(FIRST);

        mesh.connect();

        assertThat(share(backend, 10)).containsEntry(FIRST, 1);
    }

    @Test
    void ejectionOffEjectsNobodyAndReadmitsWhoWas() {
        Destination backend = mesh.backend(ready(3));
        traffic.behave(FIRST, Behaviour.REFUSES);
        traffic.run(backend, 50, ofMillis(500));
        assertThat(states()).containsEntry(FIRST, EndpointState.EJECTED);

        mesh.tell(cluster(Mesh.withEjection(Optional.empty()), ready(3)));
        assertThat(share(backend, 9)).containsEntry(FIRST, 3);
        traffic.run(backend, 50, ofSeconds(2));

        assertThat(states()).containsEntry(FIRST, EndpointState.READY);
        assertThat(share(backend, 9)).containsEntry(FIRST, 3);
    }

    @Test
    void panicsToAllReadyOnesWhenLessThanHalfWouldBeLeft() {
        var policy = Mesh.withEjection(Optional.of(new TrafficPolicy.Ejection(5, ofSeconds(1), ofSeconds(60), 100)));
        Destination backend = mesh.backend();
        mesh.tell(cluster(policy, ready(4)));
        for (int dead = 1; dead <= 2; dead++) {
            attempt(pickOf(backend, "10.0.0." + dead + ":8080"), Outcome.CONNECT_FAILED, ofMillis(1));
        }
        assertThat(share(backend, 20)).hasSize(2);

        attempt(pickOf(backend, "10.0.0.3:8080"), Outcome.CONNECT_FAILED, ofMillis(1));

        assertThat(share(backend, 20)).hasSize(4);
    }

    @Test
    void remembersAnEndpointThatMovesBetweenServicesAndForgetsItWhenThePodIsAnother() {
        Destination backend = mesh.backend(pod("a"), ready(3)[1], ready(3)[2]);
        attempt(pickOf(backend, FIRST), Outcome.CONNECT_FAILED, ofMillis(1));
        mesh.tell(cluster(ready(3)[1], ready(3)[2]));
        mesh.tell(cluster(pod("a"), ready(3)[1], ready(3)[2]));
        assertThat(states()).containsEntry(FIRST, EndpointState.EJECTED);

        mesh.tell(cluster(pod("b"), ready(3)[1], ready(3)[2]));

        assertThat(states()).containsEntry(FIRST, EndpointState.READY);
    }

    @Test
    void probesAnEndpointAsSoonAsKubernetesFindsItReadyAgain() {
        Destination backend = mesh.backend(ready(3));
        traffic.behave(FIRST, Behaviour.REFUSES);
        traffic.run(backend, 50, ofSeconds(60));
        Endpoint first = ready(3)[0];
        var notReady = new Endpoint(
                first.address(), first.port(), false, false, false, "", "", "", "", List.of(), List.of(), 1);
        mesh.tell(cluster(notReady, ready(3)[1], ready(3)[2]));
        traffic.behave(FIRST, Behaviour.ANSWERS);

        mesh.tell(cluster(ready(3)));
        traffic.run(backend, 50, ofMillis(100));

        assertThat(states()).containsEntry(FIRST, EndpointState.READY);
    }

    @Test
    void forgetsAnEndpointThatWasGoneForLong() {
        Destination backend = mesh.backend(ready(3));
        attempt(pickOf(backend, FIRST), Outcome.CONNECT_FAILED, ofMillis(1));
        mesh.tell(cluster(ready(3)[1], ready(3)[2]));
        mesh.owner.advance(Duration.ofMinutes(5));

        mesh.tell(cluster(ready(3)));

        assertThat(states()).containsEntry(FIRST, EndpointState.READY);
    }

    @Test
    void retriesOnlyWhatIsSafe() {
        Destination backend = mesh.backend(ready(3));

        assertThat(backend.mayRetry(true, false, 1))
                .as("unprocessed, any method")
                .isTrue();
        assertThat(backend.mayRetry(false, true, 1)).as("lost, GET").isTrue();
        assertThat(backend.mayRetry(false, false, 1)).as("lost, POST").isFalse();
        assertThat(backend.mayRetry(true, true, 2)).isTrue();
        assertThat(backend.mayRetry(true, true, 3)).as("two retries at most").isFalse();
    }

    @Test
    void anExplicitWordOfRetryOnIsForEveryMethod() {
        Destination backend = backendThatRetries(On.SERVER_ERROR);
        assertThat(backend.mayRetryAnswer(500, -1, 1)).isTrue();
        assertThat(backend.mayRetryAnswer(599, -1, 1)).isTrue();
        assertThat(backend.mayRetryAnswer(499, -1, 1)).isFalse();
        assertThat(backend.mayRetryAnswer(200, 14, 1)).isFalse();
        assertThat(backend.mayRetryAnswer(503, -1, 3)).as("two retries at most").isFalse();
        assertThat(backend.mayRetry(false, false, 1)).as("lost, POST").isTrue();
    }

    @Test
    void aGatewayErrorIsNoErrorOfTheServerItself() {
        Destination backend = backendThatRetries(On.GATEWAY_ERROR);
        assertThat(backend.mayRetryAnswer(500, -1, 1)).isFalse();
        assertThat(backend.mayRetryAnswer(501, -1, 1)).isFalse();
        assertThat(backend.mayRetryAnswer(502, -1, 1)).isTrue();
        assertThat(backend.mayRetryAnswer(503, -1, 1)).isTrue();
        assertThat(backend.mayRetryAnswer(504, -1, 1)).isTrue();
        assertThat(backend.mayRetryAnswer(505, -1, 1)).isFalse();
        assertThat(backend.mayRetry(false, false, 1)).as("lost, POST").isTrue();
    }

    @Test
    void aStatusOfGrpcIsTriedAgainOnlyWhereItIsNamed() {
        Destination backend = backendThatRetries(On.SAFE, On.GRPC_UNAVAILABLE);
        assertThat(backend.mayRetryAnswer(200, 14, 1)).isTrue();
        assertThat(backend.mayRetryAnswer(200, 4, 1)).isFalse();
        assertThat(backend.mayRetryAnswer(200, 0, 1)).isFalse();
        assertThat(backend.mayRetryAnswer(200, -1, 1)).isFalse();
        assertThat(backend.mayRetryAnswer(503, -1, 1)).isFalse();
        assertThat(backend.mayRetry(false, false, 1)).as("lost, POST").isFalse();
    }

    @Test
    void safeAndOffRetryNoAnswer() {
        assertThat(backendThatRetries(On.SAFE).mayRetryAnswer(503, 14, 1)).isFalse();
        assertThat(backendThatRetries().mayRetryAnswer(503, 14, 1)).isFalse();
        assertThat(backendThatRetries().mayRetry(true, true, 1)).isFalse();
        assertThat(Retry.DEFAULT.onAnswers()).isFalse();
        assertThat(new Retry(Set.of(), 2, 20).onAnswers()).isFalse();
        assertThat(new Retry(Set.of(On.GATEWAY_ERROR), 2, 20).onAnswers()).isTrue();
        assertThat(new Retry(Set.of(On.SAFE, On.GRPC_INTERNAL), 2, 20).onAnswers())
                .isTrue();
    }

    private Destination backendThatRetries(On... on) {
        Destination backend = mesh.backend(ready(3));
        mesh.tell(cluster(Mesh.withRetry(new Retry(Set.of(on), 2, 20)), ready(3)));
        return backend;
    }

    @Test
    void retriesAreAFifthOfTheCallsAndTenASecond() {
        Destination backend = mesh.backend(ready(3));
        while (backend.mayRetry(true, true, 1)) {
            // Spend what a quiet start allows.
        }
        int granted = 0;
        for (int second = 0; second < 60; second++) {
            for (int i = 0; i < 100; i++) {
                backend.pick();
                granted += backend.mayRetry(true, true, 1) ? 1 : 0;
                mesh.owner.advance(ofMillis(10));
            }
        }
        assertThat(granted).isBetween(1700, 1850);
    }

    @Test
    void aRetryIsNoCallThatEarnsAnother() {
        Destination backend = mesh.backend(ready(3));
        List<Subchannel> tried = List.of((Subchannel) backend.pick());
        int granted = 0;
        for (int i = 0; i < 10_000; i++) {
            if (backend.mayRetry(true, true, 1)) {
                granted++;
                backend.pickAnother(tried);
            }
        }
        assertThat(granted).isEqualTo(100);
    }

    private long now() {
        return mesh.owner.nanoTime();
    }

    private Map<String, EndpointState> states() {
        return status().clusters().get(0).endpoints().stream()
                .collect(Collectors.toMap(it -> it.endpoint().hostPort(), Status.EndpointStatus::state));
    }

    private long ejections() {
        return mesh.balancer.ejections();
    }

    private Status status() {
        var status = mesh.balancer.status();
        mesh.settle();
        return status.join();
    }

    private Subchannel pickOf(Destination destination, String endpoint) {
        while (true) {
            if (destination.pick() instanceof Subchannel subchannel
                    && subchannel.toString().equals(endpoint)) {
                return subchannel;
            }
        }
    }

    private Subchannel pickOfAnother(Destination destination, String endpoint) {
        while (true) {
            if (destination.pickAnother(List.of()) instanceof Subchannel subchannel
                    && subchannel.toString().equals(endpoint)) {
                return subchannel;
            }
        }
    }

    private void attempt(Subchannel subchannel, Outcome outcome, Duration took) {
        long start = now();
        subchannel.started(start);
        mesh.owner.advance(took);
        boolean answered = outcome == Outcome.SUCCESS || outcome == Outcome.SERVER_ERROR;
        if (answered) {
            subchannel.firstByte(now());
        }
        subchannel.ended(outcome, answered, now() - start);
        mesh.settle();
    }

    /** Milliseconds between one attempt on {@code endpoint} and the next. */
    private List<Long> gaps(String endpoint) {
        List<Long> times = traffic.attempts.stream()
                .filter(attempt -> attempt.endpoint().equals(endpoint))
                .map(Traffic.Attempt::atNanos)
                .toList();
        return java.util.stream.IntStream.range(1, times.size())
                .mapToObj(i -> (times.get(i) - times.get(i - 1)) / 1_000_000)
                .toList();
    }

    private static Endpoint pod(String name) {
        return new Endpoint("10.0.0.1", 8080, true, true, false, "", name, "", "", List.of(), List.of(), 1);
    }
}
