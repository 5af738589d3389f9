package dev.sidestep.sidecar.http1;

import dev.sidestep.balancing.Outcome;
import dev.sidestep.balancing.Reason;
import dev.sidestep.balancing.Subchannel;
import dev.sidestep.model.TrafficPolicy;
import dev.sidestep.sidecar.loop.Failure;
import dev.sidestep.sidecar.loop.ReplayBuffer;
import dev.sidestep.sidecar.loop.Target;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.util.concurrent.Future;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One request and its response: moves their bytes between the client's connection and the one that {@link Route} found.
 * Confined to their event loop.
 */
final class Exchange {
    private final Http1Connections owner;
    private final ClientConnection client;
    private final Target target;
    private final Route route;
    private final long startedNanos;

    private final boolean toHead;
    private final boolean hasBody;
    private final boolean upgrades;
    private final boolean wantsEndpoint;
    private final boolean hasAttempt;
    private final int clientMinor;

    /** The head as it came; kept until it can no longer be needed again. */
    private @Nullable ByteBuf head;

    /** The head with the attempt's number, as it was sent last; null before the second attempt. */
    private @Nullable ByteBuf numberedHead;

    /** What was sent of the body, where an answer may be a reason to send it again; as long as the head is kept. */
    private @Nullable ReplayBuffer sentBody;

    /** Whether an answer may be a reason to make the call again. */
    private boolean answersCount;

    private @Nullable Upstream upstream;
    private @Nullable ChannelFuture headWritten;
    private @Nullable Future<?> deadline;
    private @Nullable Future<?> attemptDeadline;
    private boolean firstByteSeen;
    private boolean responseStarted;
    private int status;
    private boolean over;

    Exchange(Http1Connections owner, ClientConnection client, Target target, RequestHead request, ByteBuf head) {
        this.owner = owner;
        this.client = client;
        this.target = target;
        this.head = head;
        toHead = request.isHead;
        hasBody = request.hasBody();
        upgrades = request.upgrades;
        wantsEndpoint = request.wantsEndpoint;
        hasAttempt = request.hasAttempt;
        clientMinor = request.minor;
        startedNanos = owner.loop().nanoTime();
        route = new Route(owner, client, target, request.safe, this);
    }

    void start() {
        route.start();
    }

    /** An attempt is made on an endpoint. To what goes where it was going, no time limit of ours applies. */
    void onEndpoint() {
        TrafficPolicy policy = target.destination().policy();
        answersCount = policy.retry().onAnswers();
        if (deadline == null && policy.requestTimeout().isPresent()) {
            long left = policy.requestTimeout().get().toNanos() - (owner.loop().nanoTime() - startedNanos);
            deadline = owner.loop().eventLoop().schedule(this::outOfTime, left, TimeUnit.NANOSECONDS);
        }
    }

    boolean toHead() {
        return toHead;
    }

    /** A connection is here: the request goes out. */
    void send(Upstream found) {
        if (over) {
            found.channel().close();
            return;
        }
        upstream = found;
        firstByteSeen = false;
        found.begin(this);
        if (!route.isDirect()) {
            client.direct().drop(target);
        }
        headWritten = found.channel().write(headToSend().retain());
        if (sentBody != null) {
            sentBody.forEach(part -> found.channel().write(part));
        } else if (hasBody) {
            if (answersCount && !route.isDirect()) {
                sentBody = new ReplayBuffer();
            } else {
                forgetRequest(); // Its body passes through us once.
            }
        }
        limitAttempt();
        client.upstreamReady();
    }

    /** The head, with the attempt's number from the second on. */
    private ByteBuf headToSend() {
        ByteBuf out = head;
        if (out == null) {
            throw new IllegalStateException("sent already");
        }
        out.readerIndex(0);
        if (route.attempts() < 2 || hasAttempt) {
            return out;
        }
        ByteBuf numbered = out.alloc().buffer(out.writerIndex() + 32);
        numbered.writeBytes(out, 0, out.writerIndex() - 2);
        numbered.writeCharSequence("x-sidestep-attempt: " + route.attempts() + "\r\n\r\n", StandardCharsets.US_ASCII);
        if (numberedHead != null) {
            numberedHead.release();
        }
        numberedHead = numbered;
        return numbered;
    }

    private void limitAttempt() {
        cancelAttemptDeadline();
        if (route.isDirect()) {
            return;
        }
        Optional<Duration> limit = target.destination().policy().backendRequestTimeout();
        if (limit.isPresent()) {
            attemptDeadline = owner.loop()
                    .eventLoop()
                    .schedule(this::attemptOutOfTime, limit.get().toNanos(), TimeUnit.NANOSECONDS);
        }
    }

    /** Whether more of the request may go out now. */
    boolean writable() {
        Upstream current = upstream;
        return current != null && current.channel().isWritable();
    }

    void sendBody(ByteBuf part) {
        Upstream current = upstream;
        if (current == null) {
            part.release();
            return;
        }
        ReplayBuffer kept = sentBody;
        if (kept != null) {
            if (kept.takes(part.readableBytes())) {
                kept.add(part, part.alloc());
            } else {
                forgetRequest();
            }
        }
        current.channel().write(part);
    }

    void flushRequest() {
        Upstream current = upstream;
        if (current != null) {
            current.channel().flush();
        }
    }

    void upstreamWritabilityChanged() {
        client.upstreamReady();
    }

    void clientWritabilityChanged(boolean writable) {
        Upstream current = upstream;
        if (current != null) {
            current.setReading(writable);
        }
    }

    void firstByte() {
        if (!firstByteSeen) {
            firstByteSeen = true;
            route.firstByte();
            if (!answersCount) {
                forgetRequest();
            }
        }
    }

    /** It is not made again. */
    private void forgetRequest() {
        if (head != null) {
            head.release();
            head = null;
        }
        if (numberedHead != null) {
            numberedHead.release();
            numberedHead = null;
        }
        if (sentBody != null) {
            sentBody.release();
            sentBody = null;
        }
    }

    /** The endpoint does not answer: the call is made elsewhere if it may be, or waits on. */
    void endpointHung() {
        boolean may = !firstByteSeen && head != null && !route.isDirect();
        Subchannel another = may ? route.elsewhere(false) : null;
        if (another != null) {
            dropUpstream();
            route.moveTo(another, Outcome.TIMEOUT);
        }
    }

    /** Whether the call is made again elsewhere instead of passing this answer on, which is the connection's to read away. */
    boolean goesElsewhere(ResponseHead response) {
        Upstream used = upstream;
        if (!answersCount || head == null || used == null) {
            return false;
        }
        Subchannel another = route.insteadOfAnswer(response.status);
        if (another == null) {
            return false;
        }
        upstream = null;
        firstByteSeen = false;
        cancelAttemptDeadline();
        used.readAway(owner.pool());
        if (!client.requestDone() || !used.allSent()) {
            used.channel().close(); // It would carry the rest of this request before any other.
        }
        route.moveTo(another, Outcome.SERVER_ERROR);
        return true;
    }

    void informational(ResponseHead response) {
        if (clientMinor == 1) {
            ByteBuf out = client.channel().alloc().buffer(response.writtenBytes());
            response.write(1, true, "", out);
            client.channel().write(out);
        }
    }

    void responseHead(ResponseHead response, Body body) {
        responseStarted = true;
        forgetRequest();
        status = response.status;
        boolean persistent = client.staysAfter(!body.endsWithConnection());
        ByteBuf out = client.channel().alloc().buffer(response.writtenBytes());
        response.write(clientMinor, persistent, wantsEndpoint ? route.endpoint() : "", out);
        client.channel().write(out);
    }

    void responseBody(ByteBuf part) {
        client.channel().write(part);
        Upstream current = upstream;
        if (current != null && !client.channel().isWritable()) {
            current.setReading(false);
        }
    }

    /** Whether the client has the beginning of a response. */
    boolean answering() {
        return responseStarted;
    }

    void flushResponse() {
        client.channel().flush();
    }

    /** @param reusable whether the connection can carry another exchange, as far as the response goes */
    void responseEnd(boolean reusable) {
        Upstream used = upstream;
        upstream = null;
        end(status >= 500 ? Outcome.SERVER_ERROR : Outcome.SUCCESS);
        if (used != null) {
            used.detach();
            if (!reusable || !client.requestDone()) {
                used.channel().close();
            } else if (route.isDirect()) {
                client.direct().keep(target, used);
            } else {
                owner.pool().release(used);
            }
        }
        client.exchangeEnded();
    }

    /** The server agreed to another protocol: from here on bytes are only passed on. */
    void switchProtocols(ResponseHead response, ByteBuf behind) {
        Upstream used = upstream;
        if (!upgrades || used == null) {
            badResponse();
            return;
        }
        ByteBuf out = client.channel().alloc().buffer(response.writtenBytes());
        response.write(clientMinor, true, wantsEndpoint ? route.endpoint() : "", out);
        client.channel().write(out);
        status = 101;
        upstream = null;
        over = true;
        forgetRequest();
        cancelDeadlines();
        ByteBuf rest = behind.readRetainedSlice(behind.readableBytes());
        client.becomeRelay(used, rest, () -> {
            route.close(Outcome.SUCCESS);
            record();
        });
    }

    void badResponse() {
        dropUpstream();
        if (responseStarted) {
            end(Outcome.SERVER_ERROR);
            client.abort();
        } else {
            route.ended(Outcome.SERVER_ERROR);
            fail(Reason.BAD_RESPONSE);
        }
    }

    /** The connection broke or was closed before the response was whole. */
    void upstreamLost() {
        upstream = null;
        cancelAttemptDeadline();
        if (responseStarted) {
            end(Outcome.RESET);
            client.abort(); // What the client has is cut short; only the end of its connection can tell it so.
        } else if (firstByteSeen || head == null) {
            route.ended(Outcome.RESET);
            fail(Reason.RESET_AFTER_SEND);
        } else {
            ChannelFuture written = headWritten;
            ByteBuf sent = numberedHead == null ? head : numberedHead;
            boolean unprocessed =
                    written != null && written.isDone() && !written.isSuccess() && sent.readerIndex() == 0;
            route.lost(Outcome.RESET, Reason.RESET_AFTER_SEND, unprocessed);
        }
    }

    private void outOfTime() {
        if (!over) {
            dropUpstream();
            route.close(firstByteSeen ? Outcome.NEUTRAL : Outcome.TIMEOUT);
            if (responseStarted) {
                end(Outcome.NEUTRAL);
                client.abort();
            } else {
                fail(Reason.DEADLINE);
            }
        }
    }

    private void attemptOutOfTime() {
        if (over || firstByteSeen || head == null) {
            outOfTime();
        } else {
            dropUpstream();
            route.lost(Outcome.TIMEOUT, Reason.DEADLINE, false);
        }
    }

    /** No attempt is left: the client is told why. */
    void fail(Reason reason) {
        if (over) {
            return;
        }
        status = reason.httpStatus();
        target.stats().failed(reason);
        end(Outcome.NEUTRAL);
        client.refuse(
                new Failure(
                        reason,
                        target.host(),
                        target.port(),
                        route.tried(),
                        owner.loop().admin()),
                toHead);
    }

    /** The client is gone or wrong: nobody waits for the response. */
    void cancel() {
        dropUpstream();
        end(Outcome.NEUTRAL);
    }

    private void dropUpstream() {
        cancelAttemptDeadline();
        Upstream current = upstream;
        if (current != null) {
            upstream = null;
            current.detach();
            current.channel().close();
        }
    }

    private void end(Outcome outcome) {
        if (!over) {
            over = true;
            cancelDeadlines();
            route.close(outcome);
            forgetRequest();
            record();
        }
    }

    private void record() {
        target.stats().ended(status, owner.loop().nanoTime() - startedNanos);
        client.callers().call(target.destination().load());
    }

    private void cancelDeadlines() {
        cancelAttemptDeadline();
        if (deadline != null) {
            deadline.cancel(false);
        }
    }

    private void cancelAttemptDeadline() {
        if (attemptDeadline != null) {
            attemptDeadline.cancel(false);
            attemptDeadline = null;
        }
    }
}
