package dev.sidestep.control.auth;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.concurrent.VirtualTimeExecutor;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

class AuthenticatorTest {
    private final VirtualTimeExecutor owner = new VirtualTimeExecutor();
    private final VirtualClock clock = new VirtualClock(owner);
    private final Deque<Runnable> reviews = new ArrayDeque<>();
    private final List<String> reviewed = new ArrayList<>();
    private final List<Verdict> verdicts = new ArrayList<>();
    private int room = 1_000;
    private Verdict answer = new Verdict.Accepted(new Caller("ns", "sa", "p1", "uid", "n1", Optional.empty()));

    private final Authenticator authenticator = new Authenticator(
            owner,
            new TokenReader("sidestep.dev", clock),
            token -> {
                reviewed.add(token);
                return answer;
            },
            task -> {
                if (reviews.size() >= room) {
                    throw new RejectedExecutionException("full");
                }
                reviews.add(task);
            });

    private String token(String name, String audience, Duration left) {
        return Tokens.of(name, audience, clock.instant().plus(left));
    }

    private String good(String name) {
        return token(name, "sidestep.dev", Duration.ofHours(1));
    }

    private void identify(String token, String peer) {
        owner.run(() -> authenticator.identify(token, peer, verdicts::add));
    }

    /** Lets the API server answer all that it was asked. */
    private void review() {
        while (!reviews.isEmpty()) {
            reviews.remove().run();
        }
        owner.advance(Duration.ZERO);
    }

    private Verdict last() {
        return verdicts.get(verdicts.size() - 1);
    }

    @Test
    void aTokenIsReviewedOnceAndTheAnswerHoldsForAMinute() {
        String token = good("a");
        identify(token, "peer");
        assertThat(verdicts).isEmpty();
        review();
        assertThat(verdicts).containsExactly(answer);

        owner.advance(Authenticator.REMEMBERED.minusMillis(1));
        identify(token, "peer");
        assertThat(verdicts).containsExactly(answer, answer);
        assertThat(reviewed).hasSize(1);
        owner.advance(Duration.ofMillis(1));
        identify(token, "peer");
        review();
        assertThat(reviewed).hasSize(2);
    }

    @Test
    void manyWhoComeAtOnceWithOneTokenAreOneReview() {
        String token = good("a");
        for (int i = 0; i < 500; i++) {
            identify(token, "peer");
        }
        assertThat(reviews).hasSize(1);
        review();
        assertThat(verdicts).hasSize(500).containsOnly(answer);
    }

    @Test
    void whatIsWrongByItselfIsRefusedWithoutAsking() {
        identify("", "peer");
        identify("not-a-token", "peer");
        identify("a.b.c", "peer");
        identify("x".repeat(10_000), "peer");
        identify(token("a", "https://kubernetes.default.svc", Duration.ofHours(1)), "peer");
        identify(token("a", "sidestep.dev", Duration.ZERO), "peer");
        assertThat(reviews).isEmpty();
        assertThat(verdicts)
                .extracting(verdict -> ((Verdict.Refused) verdict).reason())
                .containsExactly(
                        Refusal.MISSING_TOKEN,
                        Refusal.UNKNOWN_TOKEN,
                        Refusal.UNKNOWN_TOKEN,
                        Refusal.UNKNOWN_TOKEN,
                        Refusal.FOREIGN_AUDIENCE,
                        Refusal.EXPIRED_TOKEN);
        assertThat(verdicts)
                .allMatch(verdict ->
                        ((Verdict.Refused) verdict).explanation().lines().count() == 1);
    }

    @Test
    void aTokenThatEndsIsNotGoodAnyMoreThoughItIsRemembered() {
        String token = token("a", "sidestep.dev", Duration.ofSeconds(30));
        identify(token, "peer");
        review();
        owner.advance(Duration.ofSeconds(31));
        identify(token, "peer");
        assertThat(((Verdict.Refused) last()).reason()).isEqualTo(Refusal.EXPIRED_TOKEN);
    }

    @Test
    void aRefusalIsForgottenSoonerAndAnAbsenceAtOnce() {
        answer = new Verdict.Refused(Refusal.UNKNOWN_TOKEN, "no");
        String token = good("a");
        identify(token, "peer");
        review();
        identify(token, "peer");
        assertThat(reviews).isEmpty();
        owner.advance(Authenticator.REFUSAL_REMEMBERED);
        answer = new Verdict.Unknown(Refusal.API_SERVER_AWAY, "away");
        identify(token, "peer");
        review();
        assertThat(last()).isEqualTo(answer);
        answer = new Verdict.Accepted(new Caller("ns", "sa", "p1", "uid", "n1", Optional.empty()));
        identify(token, "peer");
        review();
        assertThat(last()).isEqualTo(answer);
    }

    @Test
    void anAbsentApiServerDoesNotTakeBackWhatItSaidWithinTheMinute() {
        String token = good("a");
        identify(token, "peer");
        review();
        Verdict before = last();
        answer = new Verdict.Unknown(Refusal.API_SERVER_AWAY, "away");
        owner.advance(Duration.ofSeconds(30));
        identify(token, "peer");
        assertThat(last()).isEqualTo(before);
    }

    @Test
    void anAuthorityThatThrowsIsOneThatIsAway() {
        var throwing = new Authenticator(
                owner,
                new TokenReader("sidestep.dev", clock),
                token -> {
                    throw new IllegalStateException("surprise");
                },
                reviews::add);
        owner.run(() -> throwing.identify(good("a"), "peer", verdicts::add));
        review();
        assertThat(((Verdict.Unknown) last()).reason()).isEqualTo(Refusal.API_SERVER_AWAY);
    }

    @Test
    void oneAddressWithManyTokensWaitsForItselfAndNotOthersForIt() {
        for (int i = 0; i < 100; i++) {
            identify(good("flood" + i), "10.0.0.66");
        }
        assertThat(reviews).hasSize(Authenticator.MOST_WAITING_OF_ONE);
        identify(good("honest"), "10.0.0.1");
        assertThat(reviews).hasSize(Authenticator.MOST_WAITING_OF_ONE + 1);
        assertThat(verdicts).hasSize(100 - Authenticator.MOST_WAITING_OF_ONE);
        assertThat(((Verdict.Unknown) last()).reason()).isEqualTo(Refusal.TOO_MANY_CHECKS);

        review();
        identify(good("again"), "10.0.0.66");
        assertThat(reviews).as("it may ask again").hasSize(1);
    }

    @Test
    void whenAllReviewersAreBusyNobodyWaitsForEver() {
        room = 2;
        identify(good("a"), "1");
        identify(good("b"), "2");
        identify(good("c"), "3");
        assertThat(((Verdict.Unknown) last()).reason()).isEqualTo(Refusal.TOO_MANY_CHECKS);
        review();
        identify(good("c"), "3");
        review();
        assertThat(last()).isEqualTo(answer);
    }

    @Test
    void badTokensDoNotPushOutGoodOnes() {
        String token = good("a");
        identify(token, "peer");
        review();
        answer = new Verdict.Refused(Refusal.UNKNOWN_TOKEN, "no");
        for (int i = 0; i < 5_000; i++) {
            identify(good("flood" + i), "10.0.0.66");
            review();
        }
        identify(token, "peer");
        assertThat(last()).isInstanceOf(Verdict.Accepted.class);
        assertThat(reviews).isEmpty();
    }

    @Test
    void theEndOfATokenIsReadFromIt() {
        var reader = new TokenReader("sidestep.dev", clock);
        Instant end = clock.instant().plusSeconds(3600);
        assertThat(reader.expiry(good("a"))).contains(end);
        assertThat(reader.expiry("rubbish")).isEmpty();
    }
}
