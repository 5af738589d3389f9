package dev.sidestep.balancing;

import dev.sidestep.model.Cluster;
import dev.sidestep.model.Self;

/**
 * Where clusters come from, by name: {@link dev.sidestep.model.ClusterName#value} or {@code address:port}. Both sides
 * are confined to the load balancer's owner.
 */
public interface Discovery {
    /** Asks for {@code name} until {@link #unsubscribe}; asking again is harmless. Each change is told to the watcher. */
    void subscribe(String name);

    void unsubscribe(String name);

    /** Hears what discovery learns. */
    interface Watcher {
        void onSelf(Self self);

        /** {@code name}, as it was asked, is {@code cluster}; later calls replace earlier ones. */
        void onCluster(String name, Cluster cluster);

        /** There is no {@code name} now; it stays subscribed. */
        void onAbsent(String name);

        /** The stream is up, and what was learned is current from the next answer on. */
        void onConnected();

        /** The stream is down. What was learned stays in use by the rules of staleness. */
        void onDisconnected();
    }
}
