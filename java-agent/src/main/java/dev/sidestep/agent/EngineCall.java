package dev.sidestep.agent;

import dev.sidestep.agent.boot.Call;
import dev.sidestep.agent.boot.EndpointAddress;
import dev.sidestep.balancing.Destination;
import dev.sidestep.balancing.Outcome;
import dev.sidestep.balancing.PickResult;
import dev.sidestep.balancing.Reason;
import dev.sidestep.balancing.Subchannel;
import dev.sidestep.load.EndpointLoad;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** One call that the engine balances. Used by one thread at a time; the client's own hand-overs order the threads. */
final class EngineCall implements Call {
    private static final Set<String> IDEMPOTENT = Set.of("GET", "HEAD", "OPTIONS");

    private final Destination destination;
    private final String host;
    private final int port;
    private final String method;
    private final LongSupplier nanoTime;
    private final List<Subchannel> tried = new ArrayList<>(1);
    private @Nullable Subchannel next;
    private @Nullable Subchannel current;
    private EndpointLoad load;
    private long startedNanos;
    private Outcome last = Outcome.NEUTRAL;

    /** @param first where the first attempt goes */
    EngineCall(Destination destination, String host, int port, String method, Subchannel first, LongSupplier nanoTime) {
        this.destination = destination;
        this.host = host;
        this.port = port;
        this.method = method;
        this.next = first;
        this.nanoTime = nanoTime;
        this.load = destination.load().endpoint(first.toString());
    }

    @Override
    public @Nullable EndpointAddress attempt() {
        end(Outcome.NEUTRAL, false); // A client that begins anew without having told us how the last one ended.
        last = Outcome.NEUTRAL; // If this one is passed through, its failure is not ours to repeat.
        Subchannel chosen = next != null ? next : another();
        next = null;
        if (chosen == null) {
            return null;
        }
        EndpointAddress address = named(chosen);
        current = chosen;
        tried.add(chosen);
        startedNanos = nanoTime.getAsLong();
        chosen.started(startedNanos);
        load = destination.load().endpoint(chosen.toString());
        load.started();
        return address;
    }

    private @Nullable Subchannel another() {
        PickResult result = destination.pickAnother(tried);
        return result instanceof Subchannel subchannel && destination.mayConnect() ? subchannel : null;
    }

    private EndpointAddress named(Subchannel subchannel) {
        try {
            byte[] address = subchannel.address().getAddress().getAddress();
            return new EndpointAddress(
                    InetAddress.getByAddress(host, address),
                    subchannel.address().getPort());
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e); // Only for an address of neither 4 nor 16 bytes.
        }
    }

    @Override
    public void responded(int status) {
        end(status >= 500 ? Outcome.SERVER_ERROR : Outcome.SUCCESS, true);
    }

    @Override
    public void failed(Throwable failure) {
        end(Failures.outcome(failure), false);
    }

    private void end(Outcome outcome, boolean responded) {
        Subchannel ended = current;
        if (ended == null) {
            return;
        }
        current = null;
        last = outcome;
        long now = nanoTime.getAsLong();
        if (responded) {
            ended.firstByte(now);
        }
        ended.ended(outcome, responded, now - startedNanos);
        load.ended(outcome.end(), now - startedNanos);
    }

    @Override
    public boolean retry(Throwable failure) {
        boolean unprocessed = last == Outcome.CONNECT_FAILED || last == Outcome.CONNECT_TIMEOUT;
        if (tried.isEmpty() || (!unprocessed && last != Outcome.RESET)) {
            return false;
        }
        return destination.mayRetry(unprocessed, IDEMPOTENT.contains(method), tried.size());
    }

    @Override
    public Throwable explain(Throwable failure) {
        Reason reason = tried.isEmpty() ? null : Failures.reason(Failures.outcome(failure));
        if (reason == null) {
            return failure;
        }
        String service =
                destination.cluster().map(cluster -> cluster.name().value()).orElse(host + ":" + port);
        String addresses = tried.stream().map(Subchannel::toString).collect(Collectors.joining(", "));
        return Failures.withText(
                failure, "[" + reason + ": " + service + ", tried " + addresses + "; see: sidestep why " + host + "]");
    }
}
