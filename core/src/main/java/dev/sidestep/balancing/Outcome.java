package dev.sidestep.balancing;

import dev.sidestep.load.EndpointLoad.End;

/** How one attempt on one endpoint ended, as far as the endpoint's health is concerned. */
public enum Outcome {
    /** A response that says nothing against the endpoint: any status below 500, 4xx included. */
    SUCCESS,
    /** A status of 500 or above, or a gRPC status that means the server's fault. */
    SERVER_ERROR,
    /** No connection: refused or unreachable. Nothing was sent. */
    CONNECT_FAILED,
    /** No connection within the connect timeout. Nothing was sent. */
    CONNECT_TIMEOUT,
    /** The connection broke after some of the request was sent. */
    RESET,
    /** Before the first response byte, the caller's or our own deadline ended it, or it was moved from a hung endpoint. */
    TIMEOUT,
    /**
     * The caller gave up, or the attempt was never sent: says nothing, unless the caller had waited for longer than an
     * endpoint may be silent; that counts as {@link #TIMEOUT}.
     */
    NEUTRAL;

    /** What the reports count it as. */
    public End end() {
        return switch (this) {
            case SUCCESS -> End.SUCCEEDED;
            case NEUTRAL -> End.DROPPED;
            default -> End.FAILED;
        };
    }
}
