package dev.sidestep.demo;

/**
 * A request as the pod saw it that it came to.
 *
 * @param attempt 1, or what {@code x-sidestep-attempt} said: then an earlier attempt failed elsewhere
 * @param viaVip whether the forwarder carried it
 * @param fault that was in force, by the name that the pod's log has for it
 */
record Arrival(String pod, long micros, boolean http, String client, int attempt, boolean viaVip, String fault) {
    static Arrival parse(String pod, String[] fields, boolean viaVip) {
        return new Arrival(
                pod,
                Long.parseLong(fields[1]),
                fields[2].equals("/api"),
                // gRPC appends its own name to the user agent that it is given.
                fields[3].split(" ", 2)[0],
                Integer.parseInt(fields[4]),
                viaVip,
                fields[6]);
    }

    /** Whether it got no answer, because the pod hung. */
    boolean held() {
        return fault.equals("HANG");
    }

    /** Whether it was the end of the pod's process. */
    boolean fatal() {
        return fault.equals("HALT");
    }

    /** The same, by another clock. */
    Arrival shifted(long byMicros) {
        return new Arrival(pod, micros + byMicros, http, client, attempt, viaVip, fault);
    }
}
