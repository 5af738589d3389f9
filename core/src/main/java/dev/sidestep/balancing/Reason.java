package dev.sidestep.balancing;

/**
 * Why Sidestep failed a call or did not balance it: the closed set that shows in {@code x-sidestep-reason}, exceptions,
 * metrics and logs, and the status that a failed call gets. gRPC codes are those of {@code io.grpc.Status.Code}.
 */
public enum Reason {
    // A call of ours failed.
    NO_ENDPOINTS(503, 14),
    ALL_EJECTED(503, 14),
    CONNECT_FAILED(503, 14),
    CONNECT_TIMEOUT(504, 14),
    RESET_AFTER_SEND(502, 14),
    QUEUE_FULL(503, 8),
    DEADLINE(504, 4),
    BAD_RESPONSE(502, 13),
    // A request was refused.
    AMBIGUOUS_REQUEST(400, 13),
    REQUEST_TOO_LARGE(431, 8),
    LOOP(508, 13),
    // A call went where it was going, as without us.
    UNKNOWN_SERVICE(0, 0),
    NO_CONTROL_PLANE(0, 0),
    PENDING(0, 0),
    STALE(0, 0),
    MODE_OFF(0, 0),
    MODE_OBSERVE(0, 0);

    private final int httpStatus;
    private final int grpcStatus;

    Reason(int httpStatus, int grpcStatus) {
        this.httpStatus = httpStatus;
        this.grpcStatus = grpcStatus;
    }

    /** Whether a call went where it was going for this reason, rather than failed. */
    public boolean isFallback() {
        return httpStatus == 0 || this == NO_ENDPOINTS;
    }

    /** The HTTP status of a call that failed for this reason; 0 where none failed. */
    public int httpStatus() {
        return httpStatus;
    }

    /** The gRPC status code of a call that failed for this reason; 0 where none failed. */
    public int grpcStatus() {
        return grpcStatus;
    }
}
