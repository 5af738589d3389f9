package dev.sidestep.sidecar;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.concurrent.SerialExecutor.Cancellable;
import dev.sidestep.concurrent.VirtualTimeExecutor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** The kubelet asks whether the pod may end, and the control plane says this and that, or nothing. */
final class PodEndTest {
    private final VirtualTimeExecutor owner = new VirtualTimeExecutor();
    private final List<Question> questions = new ArrayList<>();
    private final PodEnd podEnd = new PodEnd(owner, Question::new);

    private final class Question implements Cancellable {
        final Duration cap;
        final PodEnd.Listener listener;
        boolean cancelled;

        Question(Duration cap, PodEnd.Listener listener) {
            this.cap = cap;
            this.listener = listener;
            questions.add(this);
        }

        @Override
        public void cancel() {
            cancelled = true;
        }
    }

    private CompletableFuture<String> drained(Duration cap) {
        CompletableFuture<String> answer = podEnd.drained(cap);
        owner.advance(Duration.ZERO);
        return answer;
    }

    private Question question(int index) {
        return questions.get(index);
    }

    private void say(Runnable word) {
        owner.run(word);
    }

    @Test
    void endsWhenTheControlPlaneSaysSo() {
        CompletableFuture<String> answer = drained(ofSeconds(10));
        say(question(0).listener::onBegun);
        owner.advance(ofSeconds(5));
        assertThat(answer.isDone()).isFalse();

        say(() -> question(0).listener.onOver("all clients know"));
        assertThat(answer).isCompletedWithValue("all clients know");
    }

    @Test
    void endsAtTheCapIfTheControlPlaneForgetsIt() {
        CompletableFuture<String> answer = drained(ofSeconds(10));
        say(question(0).listener::onBegun);

        owner.advance(ofMillis(9999));
        assertThat(answer.isDone()).isFalse();
        owner.advance(ofMillis(1));
        assertThat(answer.join()).startsWith("the pod ends after 10 s");
        assertThat(question(0).cancelled).isTrue();
    }

    @Test
    void waitsTwoSecondsForAControlPlaneThatIsAway() {
        CompletableFuture<String> answer = drained(ofSeconds(10));
        say(() -> question(0).listener.onLost(false, "UNAVAILABLE: io exception"));
        for (int i = 1; i < 10; i++) {
            owner.advance(ofMillis(200));
            int asked = i;
            say(() -> question(asked).listener.onLost(false, "UNAVAILABLE: io exception"));
        }
        assertThat(questions).hasSize(10);
        assertThat(answer.isDone()).isFalse();

        owner.advance(ofMillis(200));
        assertThat(answer).isCompletedWithValue("the control plane is away (UNAVAILABLE: io exception); the pod ends");
    }

    @Test
    void waitsTwoSecondsForAControlPlaneThatSaysNothing() {
        CompletableFuture<String> answer = drained(ofSeconds(10));

        owner.advance(ofSeconds(2));
        assertThat(answer).isCompletedWithValue("the control plane is away (no answer); the pod ends");
        assertThat(question(0).cancelled).isTrue();
    }

    @Test
    void waitsNoLongerThanTheCapForAControlPlaneThatIsAway() {
        CompletableFuture<String> answer = drained(ofSeconds(1));

        owner.advance(ofSeconds(1));
        assertThat(answer.isDone()).isTrue();
    }

    @Test
    void doesNotAskAgainWhereItWasRefusedButWaitsAllTheSame() {
        CompletableFuture<String> answer = drained(ofSeconds(10));
        say(() -> question(0).listener.onLost(true, "UNIMPLEMENTED"));

        owner.advance(ofMillis(1999));
        assertThat(questions).hasSize(1);
        assertThat(answer.isDone()).isFalse();
        owner.advance(ofMillis(1));
        assertThat(answer.isDone()).isTrue();
    }

    @Test
    void asksAnotherReplicaForTheRestOfTheTimeWhenItsOwnGoesAway() {
        CompletableFuture<String> answer = drained(ofSeconds(10));
        say(question(0).listener::onBegun);
        owner.advance(ofSeconds(4));
        say(() -> question(0).listener.onLost(false, "UNAVAILABLE: shutting down"));

        owner.advance(ofMillis(200));
        assertThat(question(1).cap).isEqualTo(ofMillis(5550)); // It answers a quarter of a second before the end.
        say(question(1).listener::onBegun);
        owner.advance(ofSeconds(3));
        assertThat(answer.isDone()).isFalse();
        say(() -> question(1).listener.onOver("all clients know"));
        assertThat(answer).isCompletedWithValue("all clients know");
    }

    @Test
    void aWaitThatLostItsReplicaDoesNotWaitLongForAnother() {
        CompletableFuture<String> answer = drained(ofSeconds(10));
        say(question(0).listener::onBegun);
        owner.advance(ofSeconds(4));
        say(() -> question(0).listener.onLost(false, "UNAVAILABLE"));

        owner.advance(ofSeconds(2));
        assertThat(answer.isDone()).isTrue();
    }

    @Test
    void answersAtOnceWhenTooManyWait() {
        for (int i = 0; i < 64; i++) {
            assertThat(drained(ofSeconds(10)).isDone()).isFalse();
        }
        assertThat(drained(ofSeconds(10))).isCompletedWithValue("too many wait; the pod may end");

        owner.advance(ofSeconds(10));
        assertThat(drained(ofSeconds(10)).isDone()).isFalse();
    }
}
