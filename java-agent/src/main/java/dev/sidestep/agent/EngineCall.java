package dev.sidestep.agent;

import dev.sidestep.agent.boot.Call;
import dev.sidestep.agent.boot.EndpointAddress;
import dev.sidestep.balancing.Destination;
import dev.sidestep.balancing.Outcome;
import dev.sidestep.balancing.PickResult;
import dev.sidestep.balancing.Reason;
import dev.sidestep.balancing.Subchannel;
import dev.sidestep.load.EndpointLoad;
import dev.sidestep.model.TrafficPolicy;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** One call that the engine balances. Used by one thread at a time; the client's own hand-overs order the threads. */
final class EngineCall implements Call {
    private static final Set<String> IDEMPOTENT = Set.of("GET", "HEAD", "OPTIONS");
    private static final int NO_GRPC_STATUS = -1;

    private final Destination destination;
    private final String host;
    private final int port;
    private final String method;
    private final Engine engine;
    private final long deadlineNanos; // 0: none.
    private final List<Subchannel> tried = new ArrayList<>(1);
    private @Nullable Subchannel next;
    private @Nullable Subchannel current;
    private EndpointLoad load;
    private long startedNanos;
    private Outcome last = Outcome.NEUTRAL;
    private int answeredWith; // The status of the last response; 0: none.
    private @Nullable WaitingAttempt waiting;
    private boolean granted;
    private boolean late;
    private volatile boolean connectTimedOut;

    /** @param first where the first attempt goes */
    EngineCall(Destination destination, String host, int port, String method, Subchannel first, Engine engine) {
        this.destination = destination;
        this.host = host;
        this.port = port;
        this.method = method;
        this.next = first;
        this.engine = engine;
        this.load = destination.load().endpoint(first.toString());
        Optional<Duration> timeout = destination.policy().requestTimeout();
        this.deadlineNanos =
                timeout.isPresent() ? engine.nanoTime() + timeout.get().toNanos() : 0;
    }

    @Override
    public @Nullable EndpointAddress attempt() {
        end(Outcome.NEUTRAL, false); // A client that begins anew without having told us how the last one ended.
        answeredWith = 0;
        connectTimedOut = false;
        granted = false;
        last = Outcome.NEUTRAL; // If this one is passed through, its failure is not ours to repeat.
        Subchannel chosen = next != null ? next : another();
        next = null;
        if (chosen == null) {
            return null;
        }
        EndpointAddress address = named(chosen);
        current = chosen;
        tried.add(chosen);
        startedNanos = engine.nanoTime();
        chosen.started(startedNanos);
        load = destination.load().endpoint(chosen.toString());
        load.started();
        return address;
    }

    private @Nullable Subchannel another() {
        PickResult result = destination.pickAnother(tried);
        return result instanceof Subchannel subchannel && destination.mayConnect() ? subchannel : null;
    }

    private EndpointAddress named(Subchannel subchannel) {
        try {
            byte[] address = subchannel.address().getAddress().getAddress();
            return new EndpointAddress(
                    InetAddress.getByAddress(host, address),
                    subchannel.address().getPort());
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e); // Only for an address of neither 4 nor 16 bytes.
        }
    }

    @Override
    public void underWay(Attempt attempt) {
        Subchannel subchannel = current;
        if (subchannel == null) {
            return;
        }
        TrafficPolicy policy = destination.policy();
        boolean idempotent = IDEMPOTENT.contains(method);
        boolean movable = policy.retry().onLoss(false, idempotent);
        Optional<Duration> ofAttempt = policy.backendRequestTimeout();
        if (!movable && deadlineNanos == 0 && ofAttempt.isEmpty()) {
            return;
        }
        WaitingAttempt made = new WaitingAttempt(destination, subchannel, idempotent, tried.size(), attempt, engine);
        waiting = made;
        if (movable) {
            engine.waits(made);
        }
        long ofCall = deadlineNanos == 0 ? Long.MAX_VALUE : Math.max(1, deadlineNanos - startedNanos);
        long limit = ofAttempt.isPresent() ? Math.min(ofAttempt.get().toNanos(), ofCall) : ofCall;
        if (limit != Long.MAX_VALUE) {
            made.limit(limit, limit == ofCall);
        }
    }

    @Override
    public long connectTimeoutNanos() {
        return destination.policy().connectTimeout().toNanos();
    }

    @Override
    public void connectTimedOut() {
        connectTimedOut = true;
    }

    @Override
    public void responded(int status) {
        answeredWith = status;
        end(status >= 500 ? Outcome.SERVER_ERROR : Outcome.SUCCESS, true);
    }

    @Override
    public void failed(Throwable failure) {
        WaitingAttempt given = waiting;
        if (given != null) {
            granted = given.wasGranted();
            late = given.wasLate();
        }
        if (granted || late) {
            end(Outcome.TIMEOUT, false);
        } else {
            end(connectTimedOut ? Outcome.CONNECT_TIMEOUT : Failures.outcome(failure), false);
        }
    }

    private void end(Outcome outcome, boolean responded) {
        WaitingAttempt waited = waiting;
        if (waited != null) {
            waiting = null;
            waited.end();
            engine.waitsNoMore(waited);
        }
        Subchannel ended = current;
        if (ended == null) {
            return;
        }
        current = null;
        last = outcome;
        long now = engine.nanoTime();
        if (responded) {
            ended.firstByte(now);
        }
        ended.ended(outcome, responded, now - startedNanos);
        load.ended(outcome.end(), now - startedNanos);
    }

    @Override
    public boolean goesAgain() {
        int status = answeredWith;
        answeredWith = 0;
        if (status < 500 || isOver() || !destination.policy().retry().onAnswer(status, NO_GRPC_STATUS)) {
            return false;
        }
        return destination.hasAnother(tried)
                && destination.mayConnect()
                && destination.mayRetryAnswer(status, NO_GRPC_STATUS, tried.size());
    }

    private boolean isOver() {
        return deadlineNanos != 0 && engine.nanoTime() - deadlineNanos >= 0;
    }

    @Override
    public boolean retry(Throwable failure) {
        if (granted || late || isOver()) {
            return granted;
        }
        boolean unprocessed = last == Outcome.CONNECT_FAILED || last == Outcome.CONNECT_TIMEOUT;
        if (tried.isEmpty() || (!unprocessed && last != Outcome.RESET)) {
            return false;
        }
        return destination.mayRetry(unprocessed, IDEMPOTENT.contains(method), tried.size());
    }

    /** A handshake of TLS that was cut off says something else. */
    private static Throwable asConnectTimeout(Throwable failure) {
        if (failure instanceof ConnectException) {
            return failure;
        }
        ConnectException timeout = new ConnectException("HTTP connect timed out");
        timeout.initCause(failure);
        return timeout;
    }

    @Override
    public Throwable explain(Throwable failure) {
        Throwable told = failure;
        @Nullable Reason reason;
        if (late) {
            reason = Reason.DEADLINE;
        } else if (connectTimedOut) {
            reason = Reason.CONNECT_TIMEOUT;
            told = asConnectTimeout(failure);
        } else {
            reason = tried.isEmpty() ? null : Failures.reason(Failures.outcome(failure));
        }
        if (reason == null) {
            return failure;
        }
        String service =
                destination.cluster().map(cluster -> cluster.name().value()).orElse(host + ":" + port);
        String addresses = tried.stream().map(Subchannel::toString).collect(Collectors.joining(", "));
        return Failures.withText(
                told, "[" + reason + ": " + service + ", tried " + addresses + "; see: sidestep why " + host + "]");
    }
}
