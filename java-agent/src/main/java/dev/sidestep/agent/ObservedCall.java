package dev.sidestep.agent;

import dev.sidestep.agent.boot.Call;
import dev.sidestep.agent.boot.EndpointAddress;
import dev.sidestep.balancing.Destination;
import dev.sidestep.balancing.Outcome;
import dev.sidestep.load.EndpointLoad;
import java.net.InetSocketAddress;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** One call that is only counted. Used by one thread at a time; the client's own hand-overs order the threads. */
final class ObservedCall implements Call {
    private final Destination destination;
    private final ObservedConnections connections;
    private final LongSupplier nanoTime;
    private boolean underWay;
    private @Nullable EndpointLoad load; // Null before it is known where the attempt goes.
    private long startedNanos;

    ObservedCall(Destination destination, ObservedConnections connections, LongSupplier nanoTime) {
        this.destination = destination;
        this.connections = connections;
        this.nanoTime = nanoTime;
    }

    @Override
    public boolean observes() {
        return true;
    }

    @Override
    public @Nullable EndpointAddress attempt() {
        end(Outcome.NEUTRAL); // A client that begins anew without having told us how the last one ended.
        underWay = true;
        startedNanos = nanoTime.getAsLong();
        return null;
    }

    @Override
    public void goesOver(Object connection, @Nullable InetSocketAddress remote) {
        connections.call(connection, destination.load());
        if (remote != null) {
            load = destination.loadOf(remote);
            load.started();
        }
    }

    @Override
    public void responded(int status) {
        end(status >= 500 ? Outcome.SERVER_ERROR : Outcome.SUCCESS);
    }

    @Override
    public void failed(Throwable failure) {
        end(Failures.outcome(failure));
    }

    private void end(Outcome outcome) {
        if (!underWay) {
            return;
        }
        underWay = false;
        EndpointLoad counted = load;
        load = null;
        if (counted == null) {
            counted = destination.load().endpoint("");
            counted.started();
        }
        counted.ended(outcome.end(), nanoTime.getAsLong() - startedNanos);
    }

    @Override
    public boolean retry(Throwable failure) {
        return false;
    }

    @Override
    public Throwable explain(Throwable failure) {
        return failure;
    }
}
