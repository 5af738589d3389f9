package dev.sidestep.sidecar.http2;

import dev.sidestep.balancing.Outcome;
import dev.sidestep.balancing.Subchannel;
import dev.sidestep.load.EndpointLoad;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One try of an {@link Exchange} on one connection: the stream to the endpoint, and what is told to its subchannel. Over
 * as soon as its response has ended or it is lost; the stream may live on for the rest of the request. Confined to the
 * event loop.
 */
final class Attempt {
    private static final int MAX_UNWANTED_BYTES = 64 << 10;
    private static final Duration MAX_UNWANTED = Duration.ofSeconds(1);

    private final Exchange exchange;
    private final @Nullable Subchannel subchannel;
    private final long startedNanos;
    private @Nullable EndpointLoad load;
    private @Nullable StreamPort port;
    private @Nullable ChannelFuture head;
    private boolean firstByteSeen;
    private long firstByteNanos;
    private boolean grpcResponse;
    private Outcome outcome = Outcome.SUCCESS;
    private boolean over;

    /** Ends the attempt when it takes too long or, once it is over, the rest of its answer. */
    private @Nullable ScheduledFuture<?> timer;

    private int unwanted;

    /** @param subchannel the endpoint, or null where the call goes where it was going */
    Attempt(Exchange exchange, @Nullable Subchannel subchannel, long nowNanos) {
        this.exchange = exchange;
        this.subchannel = subchannel;
        this.startedNanos = nowNanos;
        if (subchannel != null) {
            subchannel.started(nowNanos);
        }
    }

    @Nullable
    Subchannel subchannel() {
        return subchannel;
    }

    boolean over() {
        return over;
    }

    /** It is counted there. */
    void countOn(EndpointLoad where) {
        load = where;
        where.started();
    }

    // From the connection.

    /** The connection stands and takes the call on {@code stream}. */
    void onOpen(StreamPort stream) {
        port = stream;
        exchange.onOpen(this);
    }

    void onHeaders(Http2Headers headers, boolean end) {
        if (over) {
            return;
        }
        if (!firstByteSeen) {
            firstByteSeen = true;
            long now = exchange.nanoTime();
            firstByteNanos = now - startedNanos;
            if (subchannel != null) {
                subchannel.firstByte(now);
            }
        }
        CharSequence status = headers.status();
        HttpStatusClass kind = status == null ? HttpStatusClass.UNKNOWN : HttpStatusClass.valueOf(status);
        if (kind == HttpStatusClass.INFORMATIONAL) {
            exchange.onInformational(headers);
            return;
        }
        if (kind == HttpStatusClass.SERVER_ERROR) {
            outcome = Outcome.SERVER_ERROR;
        }
        grpcResponse |= kind == HttpStatusClass.SUCCESS && exchange.grpc();
        if (end && grpcResponse) {
            outcome = GrpcStatus.outcome(headers);
        }
        if (end) {
            over(outcome);
        }
        exchange.onHeaders(this, headers, status, end);
    }

    /** {@return the bytes of the frame that need no credit later} */
    int onData(ByteBuf data, int padding, boolean end) {
        if (over) {
            unwanted += data.readableBytes();
            if (unwanted > MAX_UNWANTED_BYTES) {
                reset();
            }
            return data.readableBytes() + padding;
        }
        if (end) {
            over(outcome);
        }
        exchange.onData(this, data, end);
        return padding;
    }

    void onReset(long errorCode) {
        if (!over) {
            boolean refused = errorCode == Http2Error.REFUSED_STREAM.code() && !firstByteSeen;
            lost(refused ? Loss.REFUSED : Loss.RESET, errorCode);
        }
    }

    /** The stream ends without a word on it; nothing if the response was there. */
    void onLost(Loss loss) {
        if (!over) {
            boolean unsent = loss == Loss.BROKEN && (head == null || !head.isSuccess());
            lost(unsent ? Loss.UNSENT : loss, Http2Error.INTERNAL_ERROR.code());
        }
    }

    /** The connection takes longer to stand than connections should. */
    void onSlow() {
        if (!over) {
            exchange.onSlow(this);
        }
    }

    /** The endpoint does not answer. */
    void onHung() {
        if (!over && !firstByteSeen) {
            exchange.onHung(this);
        }
    }

    /** The connection answers no PING. */
    void onSilent() {
        if (!over && !firstByteSeen) {
            exchange.onSilent(this);
        }
    }

    /** The stream is closed in both directions. */
    void onClosed() {
        stopTimer();
        exchange.onUpstreamClosed(this);
    }

    // From the exchange.

    void sendHead(Http2Headers headers, boolean end) {
        if (port != null) {
            head = port.headers(headers, end);
        }
    }

    void sendData(ByteBuf data, boolean end) {
        if (port == null) {
            data.release();
            return;
        }
        int length = data.readableBytes();
        ChannelFuture sent = port.data(data, end);
        if (length > 0) {
            sent.addListener(done -> {
                if (done.isSuccess()) {
                    exchange.onSent(this, length);
                }
            });
        }
    }

    void sendTrailers(Http2Headers trailers) {
        if (port != null) {
            port.headers(trailers, true);
        }
    }

    /** Bytes of the response have left for the client. */
    void credit(int bytes) {
        if (port != null) {
            port.credit(bytes);
        }
    }

    boolean open() {
        return port != null;
    }

    /** Given up by us, for {@code reason}; whatever still comes is dropped. */
    void abandon(Outcome reason) {
        over(reason);
        reset();
    }

    /**
     * Its answer is of no use. The rest of it is read away, within bounds: servers count the resets of a client, and close
     * the connection on one that has sent too many.
     *
     * @param requestSent whether nothing more of the request will follow; or else only a reset can end it
     */
    void discard(boolean requestSent) {
        boolean ended = over;
        over(outcome);
        if (!requestSent) {
            reset();
        } else if (!ended) {
            timer = exchange.schedule(this::reset, MAX_UNWANTED);
        }
    }

    /** Limits it to {@code time} from now on. */
    void endWithin(Duration time) {
        if (subchannel != null) {
            timer = exchange.schedule(this::onOutOfTime, time);
        }
    }

    private void onOutOfTime() {
        if (!over) {
            lost(Loss.DEADLINE, Http2Error.CANCEL.code());
            reset();
        }
    }

    private void reset() {
        if (port != null) {
            port.reset(Http2Error.CANCEL.code());
        }
    }

    private void lost(Loss loss, long errorCode) {
        over(loss == Loss.RESET && errorCode == Http2Error.CANCEL.code() ? Outcome.NEUTRAL : loss.outcome);
        exchange.onLost(this, loss, errorCode);
    }

    private void stopTimer() {
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }

    private void over(Outcome reason) {
        if (over) {
            return;
        }
        over = true;
        stopTimer();
        long nanos = firstByteSeen ? firstByteNanos : exchange.nanoTime() - startedNanos;
        if (load != null) {
            load.ended(reason.end(), nanos);
        }
        if (subchannel != null) {
            subchannel.ended(reason, firstByteSeen, nanos);
        }
    }
}
