package dev.sidestep.control.auth;

import dev.sidestep.concurrent.SerialExecutor;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

/**
 * Says whose a token is: looks at it, then asks once, and remembers the answer for a minute by the token's hash, so that a
 * client that comes back often, or a thousand that come back at once after a restart, cost the API server little. Confined
 * to {@code owner}, which never waits for an answer.
 */
final class Authenticator {
    /** A deleted pod's token is good for so long at most. */
    static final Duration REMEMBERED = Duration.ofSeconds(60);

    /** A refused token may become good, when its service account comes; and the API server has other things to do. */
    static final Duration REFUSAL_REMEMBERED = Duration.ofSeconds(10);

    /** Enough for every pod of a large cluster; a few hundred bytes each. */
    private static final int MOST_REMEMBERED = 20_000;

    private static final int MOST_REFUSALS_REMEMBERED = 1_000;

    /**
     * Of one address, which may be a node that stands for its pods. More come later: a flood waits for itself, and others do
     * not wait for it.
     */
    static final int MOST_WAITING_OF_ONE = 64;

    private record Known(Verdict verdict, long untilNanos) {}

    private final SerialExecutor owner;
    private final TokenReader reader;
    private final TokenAuthority authority;
    private final Executor reviewers;

    /** The eldest first, in both: so a flood of bad tokens does not push out the good. */
    private final Map<String, Known> accepted = new LinkedHashMap<>();

    private final Map<String, Known> refused = new LinkedHashMap<>();
    private final Map<String, List<Consumer<Verdict>>> waiting = new HashMap<>();
    private final Map<String, Integer> waitingByPeer = new HashMap<>();

    /** @param reviewers where the API server is asked; it may refuse work when it has too much */
    Authenticator(SerialExecutor owner, TokenReader reader, TokenAuthority authority, Executor reviewers) {
        this.owner = owner;
        this.reader = reader;
        this.authority = authority;
        this.reviewers = reviewers;
    }

    /**
     * Tells {@code then} whose {@code token} is: at once, or as a task of the owner.
     *
     * @param peer the host that sent it
     */
    void identify(String token, String peer, Consumer<Verdict> then) {
        owner.checkCurrent();
        Optional<Verdict.Refused> fault = reader.fault(token);
        if (fault.isPresent()) {
            then.accept(fault.get());
            return;
        }
        String hash = hash(token);
        forgetOld();
        Known before = accepted.getOrDefault(hash, refused.get(hash));
        if (before != null) {
            then.accept(before.verdict());
            return;
        }
        List<Consumer<Verdict>> others = waiting.get(hash);
        if (others != null) {
            others.add(then);
            return;
        }
        if (waitingByPeer.getOrDefault(peer, 0) >= MOST_WAITING_OF_ONE) {
            then.accept(tooMany());
            return;
        }
        try {
            reviewers.execute(() -> {
                Verdict verdict = review(token);
                owner.execute(() -> answered(hash, peer, verdict));
            });
            waiting.put(hash, new ArrayList<>(List.of(then)));
            waitingByPeer.merge(peer, 1, Integer::sum);
        } catch (RejectedExecutionException full) {
            then.accept(tooMany());
        }
    }

    private static Verdict tooMany() {
        return new Verdict.Unknown(
                Refusal.TOO_MANY_CHECKS, "too many tokens wait for the API server to check them; try again");
    }

    /** Whoever waits for it is answered, whatever happens. */
    private Verdict review(String token) {
        try {
            return authority.review(token);
        } catch (RuntimeException e) {
            return new Verdict.Unknown(Refusal.API_SERVER_AWAY, "the token cannot be checked (" + e + "); try again");
        }
    }

    private void answered(String hash, String peer, Verdict verdict) {
        owner.checkCurrent();
        if (verdict instanceof Verdict.Accepted) {
            remember(accepted, MOST_REMEMBERED, REMEMBERED, hash, verdict);
        } else if (verdict instanceof Verdict.Refused) {
            remember(refused, MOST_REFUSALS_REMEMBERED, REFUSAL_REMEMBERED, hash, verdict);
        }
        waitingByPeer.computeIfPresent(peer, (key, count) -> count == 1 ? null : count - 1);
        List<Consumer<Verdict>> told = waiting.remove(hash);
        if (told != null) {
            told.forEach(each -> each.accept(verdict));
        }
    }

    private void remember(Map<String, Known> into, int most, Duration time, String hash, Verdict verdict) {
        if (into.size() >= most) {
            into.remove(into.keySet().iterator().next());
        }
        into.put(hash, new Known(verdict, owner.nanoTime() + time.toNanos()));
    }

    private void forgetOld() {
        for (Map<String, Known> each : List.of(accepted, refused)) {
            Iterator<Known> eldest = each.values().iterator();
            while (eldest.hasNext() && owner.nanoTime() - eldest.next().untilNanos() >= 0) {
                eldest.remove();
            }
        }
    }

    /** The token itself is never kept: what is not there cannot leak. */
    private static String hash(String token) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
