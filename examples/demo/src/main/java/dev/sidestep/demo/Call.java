package dev.sidestep.demo;

/**
 * A call as its frontend saw it.
 *
 * @param pod who answered, or "-"
 */
record Call(String client, long startMicros, long endMicros, Kind kind, String pod, boolean ok, String error) {
    enum Kind {
        GET,
        POST,
        GRPC;

        /** GETs and POSTs go over the same connections, and one picker chooses for both. */
        boolean isHttp() {
            return this != GRPC;
        }
    }

    /** The same, by another clock. */
    Call shifted(long byMicros) {
        return new Call(client, startMicros + byMicros, endMicros + byMicros, kind, pod, ok, error);
    }

    static Call parse(String client, String[] fields) {
        return new Call(
                client,
                Long.parseLong(fields[1]),
                Long.parseLong(fields[2]),
                Kind.valueOf(fields[3]),
                fields[4],
                fields[5].equals("OK"),
                fields.length > 6 ? fields[6] : "");
    }
}
