package dev.sidestep.examples.frontend;

import java.io.PrintStream;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/**
 * One line for each call, when it ends: tab-separated {@code call}, microseconds since 1970 at its start and at its end,
 * {@code GET}, {@code POST} or {@code GRPC}, the pod that answered or {@code -}, {@code OK} or {@code FAILED}, and what
 * was wrong.
 */
final class CallLog {
    private final PrintStream out;

    CallLog(PrintStream out) {
        this.out = out;
    }

    static long now() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    }

    void answered(long startMicros, String kind, String pod) {
        say(startMicros, kind, pod, "OK", "");
    }

    void failed(long startMicros, String kind, String pod, String error) {
        say(startMicros, kind, pod, "FAILED", error.replaceAll("\\s+", " "));
    }

    private void say(long startMicros, String kind, String pod, String result, String error) {
        out.println(
                String.join("\t", "call", Long.toString(startMicros), Long.toString(now()), kind, pod, result, error));
    }

    /** The messages of an exception and of all its causes. */
    static String text(Throwable thrown) {
        List<String> texts = new ArrayList<>();
        for (Throwable each = thrown; each != null && texts.size() < 5; each = each.getCause()) {
            texts.add(each.toString());
        }
        return String.join("; cause: ", texts);
    }
}
