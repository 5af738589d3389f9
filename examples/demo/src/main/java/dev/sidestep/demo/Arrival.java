package dev.sidestep.demo;

/**
 * A request as the pod saw it that it came to.
 *
 * @param attempt 1, or what {@code x-sidestep-attempt} said: then an earlier attempt failed elsewhere
 * @param viaVip whether the forwarder carried it
 * @param held whether the pod was told to hang
 */
record Arrival(String pod, long micros, boolean http, String client, int attempt, boolean viaVip, boolean held) {
    static Arrival parse(String pod, String[] fields, boolean viaVip) {
        return new Arrival(
                pod,
                Long.parseLong(fields[1]),
                fields[2].equals("/api"),
                // gRPC appends its own name to the user agent that it is given.
                fields[3].split(" ", 2)[0],
                Integer.parseInt(fields[4]),
                viaVip,
                fields[6].equals("HANG"));
    }

    /** The same, by another clock. */
    Arrival shifted(long byMicros) {
        return new Arrival(pod, micros + byMicros, http, client, attempt, viaVip, held);
    }
}
