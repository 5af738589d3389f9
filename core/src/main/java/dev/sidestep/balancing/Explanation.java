package dev.sidestep.balancing;

import dev.sidestep.model.Mode;
import java.util.List;
import java.util.Optional;

/**
 * Why calls to a host go where they go, at one moment; made for people.
 *
 * @param host as asked
 * @param port as asked
 * @param answer {@code BALANCED}, {@code PENDING}, or the name of the {@link PickResult.PassThrough}
 * @param why one sentence
 * @param tried the names that it can mean, in search order
 * @param callerMode the mode of this process
 * @param serviceMode the mode of the Service, if known
 * @param mayConnect whether connections are opened by address
 * @param connected whether a control plane is connected and has answered
 * @param cluster what it leads to, if to a Service
 */
public record Explanation(
        String host,
        int port,
        String answer,
        String why,
        List<Tried> tried,
        Mode callerMode,
        Optional<Mode> serviceMode,
        boolean mayConnect,
        boolean connected,
        Optional<Status.ClusterStatus> cluster) {
    public Explanation {
        tried = List.copyOf(tried);
    }

    /**
     * One name in search order.
     *
     * @param asked the name asked of the control plane
     * @param hostname the pod meant below a headless Service, or ""
     * @param found what came of it, one word: {@code used}, {@code unused}, {@code absent}, {@code unanswered}
     */
    public record Tried(String asked, String hostname, String found) {}
}
