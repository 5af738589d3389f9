package dev.sidestep.e2e;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs commands on the cluster's node, as root, by the user's own means.
 *
 * @param prefix such as {@code sh -c} or {@code ssh root@node}: gets the command as one more argument
 */
public record Node(List<String> prefix) {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    public Node {
        prefix = List.copyOf(prefix);
    }

    /** Gives what it printed; {@link ClusterException} if it failed. */
    public String run(String command) throws IOException {
        List<String> whole = new ArrayList<>(prefix);
        whole.add(command);
        Process process = new ProcessBuilder(whole).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        try {
            if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new ClusterException("on the node, not within " + LIMIT.toSeconds() + " s: " + command);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ClusterException("interrupted", e);
        }
        if (process.exitValue() != 0) {
            throw new ClusterException("on the node: " + command + ": " + said);
        }
        return said;
    }
}
