package dev.sidestep.sidecar;

import dev.sidestep.balancing.Discovery;
import dev.sidestep.balancing.LoadBalancer;
import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.concurrent.SerialExecutor.Cancellable;
import dev.sidestep.discovery.DiscoveryStatus;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** The way to a control plane, as {@link Sidecar} needs it. */
interface ControlPlane extends AutoCloseable {
    /** What is asked, and tells {@code balancer} on {@code owner}. Once; does not wait. */
    Discovery open(LoadBalancer balancer, SerialExecutor owner);

    /** Asks whether our pod may end, {@link PodEnd.Asking#ask}. On the owner. */
    Cancellable askDrained(Duration cap, PodEnd.Listener listener);

    /**
     * Tells of connections of this pod that passed us by, and asks which of {@code others} are endpoints of Services with a
     * VIP, all of them {@code address:port}. Any thread; fails while it cannot be asked.
     */
    CompletableFuture<Set<String>> tellBypassed(List<String> vips, List<String> others);

    /** How it is doing; empty if there is nothing to tell. Any thread. */
    CompletableFuture<Optional<DiscoveryStatus>> status();

    @Override
    void close();
}
