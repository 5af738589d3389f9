package dev.sidestep.balancing;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.model.Mode;
import dev.sidestep.model.Self;
import java.time.Duration;

/**
 * The policy engine of one process: takes clusters from {@link Discovery}, publishes pickers, judges endpoints.
 *
 * <p>The data plane's side, {@link #lookup} and the {@link Destination}s it gives, is for any thread and takes no lock;
 * all else is confined to {@code owner}.
 */
@SuppressWarnings("DoNotCallSuggester") // The engine lands with the next commit.
public final class LoadBalancer {
    private final SerialExecutor owner;
    private final Settings settings;

    /** Acts only after {@link #start}. */
    public LoadBalancer(SerialExecutor owner, Settings settings) {
        this.owner = owner;
        this.settings = settings;
    }

    /** Begins to ask {@code discovery} for what is looked up. Once, from any thread. */
    public void start(Discovery discovery) {
        throw new UnsupportedOperationException(owner + " " + settings + " " + discovery);
    }

    /**
     * The destination that {@code host} and {@code port} mean to this process. The first lookup of a name subscribes to
     * it; those after it read a concurrent map.
     *
     * @param host a name or an address literal as the caller wrote it, without brackets; case does not matter
     */
    public Destination lookup(String host, int port) {
        throw new UnsupportedOperationException(host + ":" + port);
    }

    /**
     * What a process knows of itself before a control plane tells it more.
     *
     * @param self namespace, zone and domain as configured
     * @param mode {@code SIDESTEP_MODE}: the more cautious of it and what the control plane says holds
     * @param staleAfter how long a list is used after the stream was lost
     * @param idleAfter how long a name nobody asks for stays subscribed
     * @param maxUnknown how many names without a Service stay subscribed
     */
    public record Settings(Self self, Mode mode, Duration staleAfter, Duration idleAfter, int maxUnknown) {
        public static Settings inNamespace(String namespace) {
            return new Settings(
                    Self.inNamespace(namespace), Mode.BALANCE, Duration.ofSeconds(60), Duration.ofMinutes(30), 1000);
        }
    }
}
