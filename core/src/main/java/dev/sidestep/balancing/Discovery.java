package dev.sidestep.balancing;

import dev.sidestep.model.Cluster;
import dev.sidestep.model.Self;
import java.time.Duration;

/**
 * Where clusters come from, by name: {@link dev.sidestep.model.ClusterName#value} or {@code address:port}. Both sides
 * are confined to the load balancer's owner.
 */
public interface Discovery {
    /** Asks for {@code name} until {@link #unsubscribe}; asking again is harmless. Each change is told to the watcher. */
    void subscribe(String name);

    void unsubscribe(String name);

    /**
     * Hears what discovery learns, never from inside {@link #subscribe}. What was kept on disk is told too: {@link #onSelf}
     * at the start, a cluster as soon as it is asked for, and both again when the control plane answers.
     */
    interface Watcher {
        void onSelf(Self self);

        /**
         * {@code name}, as it was asked, is {@code cluster}; later calls replace earlier ones.
         *
         * @param age how long ago this was seen to hold: zero from the stream, counted from its writing if it was kept on
         *     disk. A cluster with an age is not current before it is told again, whether the stream is up or not
         */
        void onCluster(String name, Cluster cluster, Duration age);

        /** There is no {@code name} now; it stays subscribed. */
        void onAbsent(String name);

        /**
         * The control plane has answered on this stream, and has told all that changed since the last one. What it told on
         * earlier streams is current again.
         */
        void onConnected();

        /** The stream is down. What was learned stays in use by the rules of staleness. */
        void onDisconnected();
    }
}
