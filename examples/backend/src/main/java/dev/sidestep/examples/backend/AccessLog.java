package dev.sidestep.examples.backend;

import java.io.PrintStream;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * One line for each request, when it arrives: tab-separated {@code request}, microseconds since 1970, path or gRPC
 * method, user agent, value of {@code x-sidestep-attempt} or 1, port of the peer, fault in force.
 */
final class AccessLog {
    private final PrintStream out;
    private final boolean enabled;

    AccessLog(PrintStream out, boolean enabled) {
        this.out = out;
        this.enabled = enabled;
    }

    void arrived(String what, String userAgent, String attempt, int peerPort, Fault fault) {
        if (enabled) {
            out.println(String.join(
                    "\t",
                    "request",
                    Long.toString(ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now())),
                    what,
                    userAgent,
                    attempt,
                    Integer.toString(peerPort),
                    fault.kind().name()));
        }
    }

    void say(String line) {
        out.println(line);
    }
}
