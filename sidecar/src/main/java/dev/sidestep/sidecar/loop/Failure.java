package dev.sidestep.sidecar.loop;

import dev.sidestep.balancing.Reason;
import dev.sidestep.balancing.Subchannel;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A call of ours that failed, as its caller is told: the status by {@link Reason}, the reason in {@link #HEADER}, and
 * one line.
 *
 * @param host what was called, as it was asked
 * @param tried the endpoints that were tried, first to last
 * @param admin where {@code sidestep why} may ask, {@code host:port}
 */
public record Failure(Reason reason, String host, int port, List<Subchannel> tried, String admin) {
    /** The response header that names the reason. */
    public static final String HEADER = "x-sidestep-reason";

    /** Names service, reason, addresses tried and the command that explains it; no line break. */
    public String line() {
        String addresses = tried.isEmpty()
                ? "no endpoint tried"
                : "tried " + tried.stream().map(Subchannel::toString).collect(Collectors.joining(", "));
        return "sidestep: " + host + ":" + port + ": " + reason + ", " + addresses + "; ask: sidestep why " + host
                + " --admin " + admin;
    }
}
