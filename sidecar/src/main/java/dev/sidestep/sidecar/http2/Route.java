package dev.sidestep.sidecar.http2;

import dev.sidestep.balancing.Destination;
import dev.sidestep.balancing.Outcome;
import dev.sidestep.balancing.PickResult;
import dev.sidestep.balancing.Reason;
import dev.sidestep.balancing.Subchannel;
import dev.sidestep.sidecar.loop.LoopContext;
import dev.sidestep.sidecar.loop.Target;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * Where one call goes: to the endpoint that is picked, after a failure to another one, or where it was going. Has one
 * attempt under way at most. Confined to the event loop.
 */
final class Route {
    /** As long as callers of ours could have waited: where the call was going, no policy of ours says less. */
    private static final Duration ORIGINAL_CONNECT_TIMEOUT = Duration.ofSeconds(30);

    private final LoopContext loop;
    private final EndpointPool pool;
    private final Target target;
    private final boolean idempotent;
    private final Exchange exchange;
    private final List<Subchannel> tried = new ArrayList<>(1);
    private final List<String> addressesTried = new ArrayList<>(1);
    private final Queue<InetSocketAddress> originals = new ArrayDeque<>(0);
    private @Nullable Attempt attempt;
    private @Nullable Reason passedBecause;
    private boolean over;

    Route(LoopContext loop, EndpointPool pool, Target target, boolean idempotent, Exchange exchange) {
        this.loop = loop;
        this.pool = pool;
        this.target = target;
        this.idempotent = idempotent;
        this.exchange = exchange;
    }

    void start() {
        follow(target.destination().pick());
    }

    /** The attempt under way, or the one that brought the response. */
    @Nullable
    Attempt attempt() {
        return attempt;
    }

    /** All that were tried, first to last. */
    List<String> addressesTried() {
        return addressesTried;
    }

    /** Gives up the attempt under way, if there is one. */
    void abandon(Outcome reason) {
        Attempt current = attempt;
        attempt = null;
        if (current != null) {
            current.abandon(reason);
        }
    }

    /** The call has its response, or needs none: no further attempt is made. */
    void end() {
        over = true;
    }

    /** Why the call failed whose last attempt ended in {@code loss}. */
    Reason reason(Loss loss) {
        return passedBecause == Reason.NO_ENDPOINTS && loss.unprocessed ? Reason.NO_ENDPOINTS : loss.reason;
    }

    private void follow(PickResult result) {
        if (over) {
            return;
        }
        if (result instanceof Subchannel endpoint) {
            toEndpoint(endpoint);
        } else if (result instanceof PickResult.PassThrough passThrough) {
            toOriginal(passThrough.reason());
        } else {
            loop.whenAnswered(target.destination(), this::answered);
        }
    }

    private void answered() {
        PickResult result = target.destination().pick();
        if (result instanceof PickResult.Pending && !over) {
            toOriginal(Reason.PENDING);
        } else {
            follow(result);
        }
    }

    private void toEndpoint(Subchannel endpoint) {
        Destination destination = target.destination();
        if (!pool.stands(endpoint) && !destination.mayConnect()) {
            toOriginal(Reason.STALE);
            return;
        }
        tried.add(endpoint);
        addressesTried.add(endpoint.toString());
        exchange.onEndpoint(tried.size());
        Attempt next = begin(endpoint);
        next.countOn(destination.load().endpoint(endpoint.toString()));
        pool.open(endpoint, endpoint.address(), destination.policy().connectTimeout(), next);
    }

    private void toOriginal(@Nullable Reason because) {
        passedBecause = because;
        if (because != null) {
            loop.fellBack(target, because);
        }
        begin(null);
        loop.originals(target, because, addresses -> {
            originals.addAll(addresses);
            toNextOriginal();
        });
    }

    private Attempt begin(@Nullable Subchannel endpoint) {
        var next = new Attempt(exchange, endpoint, loop.nanoTime());
        attempt = next;
        exchange.onAttempt();
        return next;
    }

    /** As clients do: the addresses of a name one after the other, until one takes the connection. */
    private void toNextOriginal() {
        Attempt current = attempt;
        if (over || current == null) {
            return;
        }
        InetSocketAddress next = originals.poll();
        if (next == null) {
            current.onLost(Loss.CONNECT_FAILED);
        } else if (exchange.client().leadsBackTo(next)) {
            exchange.fail(Reason.LOOP);
        } else {
            addressesTried.add(next.getAddress().getHostAddress() + ":" + next.getPort());
            current.countOn(target.destination().loadOf(next));
            pool.open(exchange.client().direct(next), next, ORIGINAL_CONNECT_TIMEOUT, current);
        }
    }

    /**
     * The attempt under way came to nothing.
     *
     * @param repeatable whether the request can be sent again, and no response to it has begun
     * @return whether another attempt is made
     */
    boolean goesOnAfter(Attempt from, Loss loss, boolean repeatable) {
        attempt = null;
        if (from.subchannel() == null) {
            if (!loss.unprocessed || originals.isEmpty()) {
                return false;
            }
            begin(null);
            loop.eventLoop().execute(this::toNextOriginal);
            return true;
        }
        if (!repeatable || !target.destination().mayRetry(loss.unprocessed, idempotent, tried.size())) {
            return false;
        }
        again();
        return true;
    }

    private void again() {
        target.stats().retried();
        // In a turn of its own: we may be in the middle of the codec's closing of all streams.
        loop.eventLoop().execute(() -> follow(target.destination().pickAnother(tried)));
    }

    /** The connection takes long to stand: goes to another endpoint, if there is one that was not tried. */
    void onSlow(Attempt from) {
        if (hasAnother(from) && target.destination().mayRetry(true, idempotent, tried.size())) {
            abandon(Outcome.CONNECT_TIMEOUT);
            again();
        }
    }

    /**
     * Whether the call is made again elsewhere instead of passing on the answer that has begun.
     *
     * @param grpcStatus the status of a gRPC answer that is nothing but trailers, or else -1
     * @param requestSent whether nothing more of the request will follow
     */
    boolean goesElsewhere(Attempt from, int status, int grpcStatus, boolean requestSent) {
        if (status < 500 && grpcStatus <= 0) {
            return false;
        }
        Destination destination = target.destination();
        if (!destination.policy().retry().onAnswer(status, grpcStatus)
                || !hasAnother(from)
                || !destination.mayRetryAnswer(status, grpcStatus, tried.size())) {
            return false;
        }
        attempt = null;
        from.discard(requestSent);
        again();
        return true;
    }

    /** The endpoint does not answer: a call that can be made elsewhere is, any other waits on. */
    void onHung(Attempt from, boolean repeatable) {
        if (repeatable && hasAnother(from) && target.destination().mayRetry(false, idempotent, tried.size())) {
            abandon(Outcome.TIMEOUT);
            again();
        }
    }

    private boolean hasAnother(Attempt from) {
        return from == attempt
                && !over
                && from.subchannel() != null
                && target.destination().hasAnother(tried);
    }

    /** The connection answers no PING: a call that can be made elsewhere is, any other waits on. */
    void onSilent(Attempt from, boolean repeatable) {
        if (from == attempt
                && !over
                && repeatable
                && from.subchannel() != null
                && target.destination().mayRetry(false, idempotent, tried.size())) {
            abandon(Outcome.TIMEOUT);
            again();
        }
    }
}
