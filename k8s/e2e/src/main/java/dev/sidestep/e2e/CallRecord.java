package dev.sidestep.e2e;

import java.util.ArrayList;
import java.util.List;

/**
 * One call, as the load clients write it down.
 *
 * @param startMicros since 1970, by the client's clock
 * @param kind GET, POST, GET2, POST2 (HTTP/2) or GRPC
 * @param pod who answered, or "-"
 * @param error empty if it was answered well
 */
public record CallRecord(long startMicros, long endMicros, String kind, String pod, boolean ok, String error) {
    private static final int FIELDS = 7;

    /** May be sent twice without harm; what Sidestep promises for "safe requests" is about these. */
    public boolean isSafe() {
        return kind.startsWith("GET");
    }

    /** Of lines of tab-separated fields; what is not a call is skipped. */
    public static List<CallRecord> parse(String lines) {
        List<CallRecord> calls = new ArrayList<>();
        for (String line : lines.split("\n", -1)) {
            String[] fields = line.split("\t", FIELDS);
            if (fields.length == FIELDS && fields[0].equals("call")) {
                calls.add(new CallRecord(
                        Long.parseLong(fields[1]),
                        Long.parseLong(fields[2]),
                        fields[3],
                        fields[4],
                        fields[5].equals("OK"),
                        fields[6]));
            }
        }
        return calls;
    }
}
