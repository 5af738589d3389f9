package dev.sidestep.sidecar.loop;

import dev.sidestep.balancing.Reason;
import java.util.List;

/**
 * A call of ours that failed, as its caller is told: the status by {@link Reason}, the reason in {@link #HEADER}, and
 * one line.
 *
 * @param host what was called, as it was asked
 * @param tried the addresses that were tried, first to last
 * @param admin where {@code sidestep why} may ask, {@code host:port}
 */
public record Failure(Reason reason, String host, int port, List<String> tried, String admin) {
    /** The response header that names the reason. */
    public static final String HEADER = "x-sidestep-reason";

    /** Names service, reason, addresses tried and the command that explains it; no line break. */
    public String line() {
        String addresses = tried.isEmpty() ? "no address tried" : "tried " + String.join(", ", tried);
        return "sidestep: " + host + ":" + port + ": " + reason + ", " + addresses + "; ask: sidestep why " + host
                + " --admin " + admin;
    }
}
