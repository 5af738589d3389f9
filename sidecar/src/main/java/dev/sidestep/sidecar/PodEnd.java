package dev.sidestep.sidecar;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.concurrent.SerialExecutor.Cancellable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * At the end of our pod, says when nobody calls it any more: the control plane knows. The kubelet waits for it before it
 * ends the application, so an answer always comes, and calls out of the pod go on meanwhile.
 *
 * <p>While the control plane is away nobody can know, and callers are not told either; then a short wait lets kube-proxy
 * take the pod out of the VIP, as a {@code sleep} in the pod's manifest would. A longer one would delay every rollout for as
 * long as the control plane is away, and win little: the clients that were told last are those that cannot be told now.
 *
 * <p>Confined to {@code owner}, but for {@link #drained}.
 */
final class PodEnd {
    /** How long kube-proxy takes to hear of it, and some. */
    static final Duration WITHOUT_CONTROL_PLANE = Duration.ofSeconds(2);

    private static final Duration RETRY = Duration.ofMillis(200);

    /** The control plane ends first, for it can say, here and in its own log, what was missing. */
    private static final Duration HEAD_START = Duration.ofMillis(250);

    /** One for each container of a pod, and then some: the port is open to all. */
    private static final int MOST_WAITING = 64;

    private static final Logger LOG = LoggerFactory.getLogger(PodEnd.class);

    /** The way to the control plane. */
    interface Asking {
        /** Asks once; {@code listener} is called on the owner. */
        Cancellable ask(Duration cap, Listener listener);
    }

    /** Hears what the control plane says. */
    interface Listener {
        /** It is on it. */
        void onBegun();

        /** The pod may end. */
        void onOver(String text);

        /**
         * It says nothing any more; the last of all calls.
         *
         * @param refused whether asking again would be refused again
         */
        void onLost(boolean refused, String reason);
    }

    private final SerialExecutor owner;
    private final Asking asking;
    private int waiting;

    PodEnd(SerialExecutor owner, Asking asking) {
        this.owner = owner;
        this.asking = asking;
    }

    /** Completes with a line for people when the pod may end, after {@code cap} at the latest. Any thread. */
    CompletableFuture<String> drained(Duration cap) {
        var answer = new CompletableFuture<String>();
        owner.execute(() -> {
            if (waiting >= MOST_WAITING) {
                answer.complete("too many wait; the pod may end");
            } else {
                new Wait(cap, answer).start();
            }
        });
        return answer;
    }

    private final class Wait implements Listener {
        private final Duration cap;
        private final CompletableFuture<String> answer;
        private final long startedNanos;
        private final List<Cancellable> timers = new ArrayList<>();
        private Cancellable silence = () -> {};
        private Cancellable question = () -> {};
        private boolean silent;
        private String problem = "no answer";
        private boolean over;

        Wait(Duration cap, CompletableFuture<String> answer) {
            this.cap = cap;
            this.answer = answer;
            startedNanos = owner.nanoTime();
        }

        void start() {
            waiting++;
            timers.add(owner.schedule(cap, () -> end("the pod ends after " + cap.toSeconds() + " s, with its calls")));
            awaitWord();
            ask();
        }

        private void ask() {
            if (!over) {
                Duration left = cap.minus(HEAD_START).minusNanos(owner.nanoTime() - startedNanos);
                question = asking.ask(left.isNegative() ? Duration.ZERO : left, this);
            }
        }

        private void awaitWord() {
            if (!silent) {
                silent = true;
                silence = owner.schedule(
                        WITHOUT_CONTROL_PLANE, () -> end("the control plane is away (" + problem + "); the pod ends"));
            }
        }

        @Override
        public void onBegun() {
            silent = false;
            silence.cancel();
        }

        @Override
        public void onOver(String text) {
            end(text);
        }

        @Override
        public void onLost(boolean refused, String reason) {
            if (over) {
                return;
            }
            problem = reason;
            awaitWord();
            if (!refused) {
                timers.add(owner.schedule(RETRY, this::ask)); // Another replica may answer.
            }
        }

        private void end(String text) {
            if (over) {
                return;
            }
            over = true;
            waiting--;
            silence.cancel();
            timers.forEach(Cancellable::cancel);
            question.cancel();
            LOG.info("{}", text);
            answer.complete(text);
        }
    }
}
