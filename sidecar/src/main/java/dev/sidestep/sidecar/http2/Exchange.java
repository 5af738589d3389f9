package dev.sidestep.sidecar.http2;

import dev.sidestep.balancing.Outcome;
import dev.sidestep.balancing.Reason;
import dev.sidestep.balancing.Subchannel;
import dev.sidestep.sidecar.loop.CallerConnections;
import dev.sidestep.sidecar.loop.Failure;
import dev.sidestep.sidecar.loop.LoopContext;
import dev.sidestep.sidecar.loop.ReplayBuffer;
import dev.sidestep.sidecar.loop.Target;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One call: a stream of a client's connection, and the {@link Attempt}s to have it answered, one at a time.
 *
 * <p>Bytes cross it without a queue of its own: what one side sends is handed to the other side's codec at once, and the
 * sender may send as many again only when they have left. So nothing is held beyond the two streams' windows, but for the
 * {@link ReplayBuffer} of a request whose response has not begun.
 *
 * <p>Confined to the event loop.
 */
final class Exchange {
    /** Numbers attempts, from the second on. */
    static final AsciiString ATTEMPT = AsciiString.cached("x-sidestep-attempt");

    private final LoopContext loop;
    private final Target target;
    private final StreamPort client;
    private final RequestHead head;
    private final Http2Headers request;
    /** Whether the caller counts attempts itself: another sidecar or agent before us. */
    private final boolean numbered;

    private final CallerConnections callers;
    private final Route route;
    private final long startedNanos;
    private final ReplayBuffer body = new ReplayBuffer();
    private boolean replayable = true;
    private boolean requestEnded;
    private @Nullable Http2Headers requestTrailers;
    /** Bytes of the request that left us in the current attempt, and in any: the client was credited those. */
    private long sent;

    private long credited;
    private @Nullable ScheduledFuture<?> deadline;
    private boolean responded;
    private boolean over;
    private int status;

    Exchange(
            LoopContext loop,
            EndpointPool pool,
            Target target,
            StreamPort client,
            RequestHead head,
            Http2Headers request,
            CallerConnections callers) {
        this.callers = callers;
        this.loop = loop;
        this.target = target;
        this.client = client;
        this.head = head;
        this.request = request;
        this.numbered = request.contains(ATTEMPT);
        this.route = new Route(loop, pool, target, head.idempotent(), this);
        this.startedNanos = loop.nanoTime();
    }

    StreamPort client() {
        return client;
    }

    boolean grpc() {
        return head.grpc();
    }

    boolean requestEnded() {
        return requestEnded;
    }

    long nanoTime() {
        return loop.nanoTime();
    }

    ScheduledFuture<?> schedule(Runnable task, Duration delay) {
        return loop.eventLoop().schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
    }

    // From the client.

    void start(boolean end) {
        requestEnded = end;
        route.start();
    }

    /** {@return the bytes of the frame that need no credit later} */
    int onRequestData(ByteBuf data, int padding, boolean end) {
        int length = data.readableBytes();
        requestEnded = end;
        Attempt current = route.attempt();
        boolean open = current != null && current.open();
        if (over && current == null) {
            return length + padding; // Answered by us: nobody takes it.
        }
        if (open && !body.takes(length)) {
            forgetBody(); // All of it was handed on. While there is nobody to hand it to, the window bounds it.
        }
        if (replayable && length > 0) {
            body.add(data, client.allocator());
        }
        if (open && current != null && (length > 0 || end)) {
            current.sendData(data.retain(), end);
        }
        return padding;
    }

    void onRequestTrailers(Http2Headers trailers) {
        requestEnded = true;
        requestTrailers = trailers;
        Attempt current = route.attempt();
        if (current != null && current.open()) {
            current.sendTrailers(trailers);
        }
    }

    /** The client's stream is closed: both sides are done, or it was reset, or the connection is gone. */
    void onClientClosed() {
        if (!over) {
            finish(0);
        } else if (requestEnded) {
            return;
        }
        route.abandon(Outcome.NEUTRAL);
    }

    // From the way there.

    /** Another attempt begins. */
    void onAttempt() {
        sent = 0;
    }

    /** It is made on an endpoint, the {@code number}th. */
    void onEndpoint(int number) {
        if (number > 1 && !numbered) {
            request.setInt(ATTEMPT, number);
        }
        if (deadline == null) {
            target.destination().policy().requestTimeout().ifPresent(this::endWithin);
        }
    }

    void onOpen(Attempt from) {
        if (from != route.attempt()) {
            return;
        }
        Optional<Duration> limit = target.destination().policy().backendRequestTimeout();
        if (limit.isPresent()) {
            from.endWithin(limit.get());
        }
        boolean bodyFollows = !body.isEmpty() || requestTrailers != null || !requestEnded;
        from.sendHead(request, !bodyFollows);
        if (!bodyFollows) {
            return;
        }
        body.forEach(chunk -> from.sendData(chunk, false));
        if (requestTrailers != null) {
            from.sendTrailers(requestTrailers);
        } else if (requestEnded) {
            from.sendData(Unpooled.EMPTY_BUFFER, true);
        }
    }

    /** {@code bytes} more of the request have left for the endpoint. */
    void onSent(Attempt from, int bytes) {
        if (from == route.attempt()) {
            sent += bytes;
            if (sent > credited) {
                client.credit((int) (sent - credited));
                credited = sent;
            }
        }
    }

    void onInformational(Http2Headers headers) {
        client.headers(headers, false);
    }

    void onHeaders(Attempt from, Http2Headers headers, @Nullable CharSequence newStatus, boolean end) {
        if (newStatus != null) {
            int answered = GrpcStatus.number(newStatus);
            if (repeatable()
                    && route.goesElsewhere(
                            from, answered, end && head.grpc() ? GrpcStatus.of(headers) : -1, requestEnded)) {
                return;
            }
            status = answered;
            responded = true;
            forgetBody();
            Subchannel endpoint = from.subchannel();
            if (head.wantsEndpoint() && endpoint != null) {
                headers.set(RequestHead.ENDPOINT, endpoint.toString());
            }
        }
        client.headers(headers, end);
        if (end) {
            finish(status);
        }
    }

    void onData(Attempt from, ByteBuf data, boolean end) {
        int length = data.readableBytes();
        if (length > 0 || end) {
            client.data(data.retain(), end).addListener(done -> from.credit(length));
        }
        if (end) {
            finish(status);
        }
    }

    void onLost(Attempt from, Loss loss, long errorCode) {
        if (from != route.attempt() || over || route.goesOnAfter(from, loss, repeatable())) {
            return;
        }
        if (responded) {
            breakOff(loss, errorCode);
        } else if (loss == Loss.RESET || loss == Loss.REFUSED) {
            // What a server says of one stream means the same to the client as without us.
            client.reset(errorCode);
            finish(0);
        } else if (loss == Loss.LEFT_OUT) {
            client.reset(Http2Error.REFUSED_STREAM.code()); // It may safely ask again, and knows that by this code.
            finish(0);
        } else {
            fail(route.reason(loss));
        }
    }

    void onSlow(Attempt from) {
        route.onSlow(from);
    }

    void onHung(Attempt from) {
        route.onHung(from, repeatable());
    }

    void onSilent(Attempt from) {
        route.onSilent(from, repeatable());
    }

    private boolean repeatable() {
        return replayable && !responded;
    }

    /** The endpoint's side of the call is closed. */
    void onUpstreamClosed(Attempt from) {
        if (from == route.attempt() && over && !requestEnded) {
            client.stopAfterWrites();
        }
    }

    /** The response had begun: its end can only be cut, told in the trailers that a gRPC client waits for anyway. */
    private void breakOff(Loss loss, long errorCode) {
        if (head.grpc() && loss != Loss.RESET) {
            target.stats().because(loss.reason);
            client.headers(Reply.trailers(failure(loss.reason)), true);
            stopRequest();
            finish(status);
        } else {
            client.reset(errorCode);
            finish(0);
        }
    }

    private void endWithin(Duration timeout) {
        long left = timeout.toNanos() - (loop.nanoTime() - startedNanos);
        deadline = loop.eventLoop().schedule(this::onDeadline, left, TimeUnit.NANOSECONDS);
    }

    private void onDeadline() {
        if (over) {
            return;
        }
        route.abandon(Outcome.TIMEOUT);
        if (responded) {
            breakOff(Loss.DEADLINE, Http2Error.CANCEL.code());
        } else {
            fail(Reason.DEADLINE);
        }
    }

    /** Answers the call ourselves. */
    void fail(Reason reason) {
        target.stats().because(reason);
        Reply.send(client, head, failure(reason));
        stopRequest();
        finish(Reply.status(head, reason));
    }

    private void stopRequest() {
        if (!requestEnded) {
            client.stopAfterWrites();
        }
    }

    private Failure failure(Reason reason) {
        return new Failure(reason, target.host(), target.port(), route.addressesTried(), loop.admin());
    }

    private void finish(int seenStatus) {
        over = true;
        route.end();
        forgetBody();
        if (deadline != null) {
            deadline.cancel(false);
        }
        target.stats().ended(seenStatus, loop.nanoTime() - startedNanos);
        callers.call(target.destination().load());
    }

    private void forgetBody() {
        replayable = false;
        body.release();
    }
}
