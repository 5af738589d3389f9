package dev.sidestep.examples.backend;

/**
 * How the application misbehaves.
 *
 * @param status the HTTP status of {@link Kind#STATUS}
 * @param delayMillis how much later {@link Kind#LATENCY} answers
 */
record Fault(Kind kind, int status, long delayMillis) {
    enum Kind {
        NONE,
        /** Answers later. */
        LATENCY,
        /** Answers at once with an error status; gRPC calls with UNAVAILABLE. */
        STATUS,
        /** Takes the request and does not answer before it is healed. */
        HANG,
        /** Cuts the connection with a TCP reset instead of an answer. */
        RESET,
        /** Ends the process at the next request, without an answer or a farewell, as SIGKILL does. */
        HALT
    }

    static final Fault NONE = new Fault(Kind.NONE, 200, 0);
    private static final int KILLED = 137;

    static void halt() {
        Runtime.getRuntime().halt(KILLED);
    }
}
