package dev.sidestep.sidecar.http2;

import dev.sidestep.balancing.Outcome;
import dev.sidestep.balancing.Reason;

/** How an attempt can end without a whole response: what that says about the request, the endpoint and the error. */
enum Loss {
    /** No connection. */
    CONNECT_FAILED(true, Outcome.CONNECT_FAILED, Reason.CONNECT_FAILED),
    /** No connection in time, or one on which the endpoint never said hello: for a stopped process the kernel accepts. */
    CONNECT_TIMEOUT(true, Outcome.CONNECT_TIMEOUT, Reason.CONNECT_TIMEOUT),
    /** The endpoint answered the preface with something else; no request was sent. */
    NOT_HTTP2(true, Outcome.SERVER_ERROR, Reason.BAD_RESPONSE),
    /** As many calls as we may have on one endpoint wait for it. */
    QUEUE_FULL(true, Outcome.NEUTRAL, Reason.QUEUE_FULL),
    /** Above the last id of a GOAWAY: the endpoint leaves in good order. */
    LEFT_OUT(true, Outcome.NEUTRAL, Reason.CONNECT_FAILED),
    /** RST_STREAM with REFUSED_STREAM. */
    REFUSED(true, Outcome.SERVER_ERROR, Reason.CONNECT_FAILED),
    /** The connection broke before any of the request had left. */
    UNSENT(true, Outcome.CONNECT_FAILED, Reason.CONNECT_FAILED),
    /** The connection broke after some of it had. */
    BROKEN(false, Outcome.RESET, Reason.RESET_AFTER_SEND),
    /** RST_STREAM with any other code. */
    RESET(false, Outcome.RESET, Reason.RESET_AFTER_SEND),
    /** What came is not a response. */
    BAD_RESPONSE(false, Outcome.RESET, Reason.BAD_RESPONSE),
    /** The time for the whole call is over. */
    DEADLINE(false, Outcome.TIMEOUT, Reason.DEADLINE);

    /** Whether the endpoint has provably not seen the request. */
    final boolean unprocessed;

    final Outcome outcome;
    final Reason reason;

    Loss(boolean unprocessed, Outcome outcome, Reason reason) {
        this.unprocessed = unprocessed;
        this.outcome = outcome;
        this.reason = reason;
    }
}
