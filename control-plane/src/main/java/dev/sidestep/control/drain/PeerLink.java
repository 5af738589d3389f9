package dev.sidestep.control.drain;

import dev.sidestep.concurrent.SerialExecutor.Cancellable;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;

/** The way to other replicas. Called on the owner; calls back on it. */
interface PeerLink extends AutoCloseable {
    /** Hears what a replica says of the clients that are connected to it. */
    interface Listener {
        /**
         * How it stands now.
         *
         * @param owing how many of its clients have not acknowledged
         * @param clients some of them, by their ids
         */
        void onStanding(boolean acknowledged, int owing, List<String> clients);

        /** It says nothing any more; the last of all calls. */
        void onLost(String reason);
    }

    /** Asks {@code replica} whether its clients have acknowledged that {@code pod} is leaving, until cancelled. */
    Cancellable watch(Peer replica, PodName pod, Listener listener);

    /** Asks {@code replica} for what it has to say on {@code topic}; tells one of the two within {@code limit}. */
    void ask(Peer replica, String topic, Duration limit, Consumer<byte[]> answered, Consumer<String> failed);

    /** Lets go of all replicas but these. */
    void retain(Collection<Peer> replicas);

    @Override
    void close();
}
