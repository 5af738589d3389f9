package dev.sidestep.discovery;

import dev.sidestep.concurrent.SerialExecutor;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/** When to open the next stream: after a wait, or as soon as the channel has a connection. Confined to {@code owner}. */
final class Attempts {
    private final ManagedChannel channel;
    private final SerialExecutor owner;
    private final Backoff backoff;
    private final Runnable attempt;
    private SerialExecutor.@Nullable Cancellable timer; // while waiting
    private boolean watching;
    private int count;

    /** @param attempt opens a stream */
    Attempts(ManagedChannel channel, SerialExecutor owner, DoubleSupplier random, Runnable attempt) {
        this.channel = channel;
        this.owner = owner;
        this.backoff = new Backoff(random);
        this.attempt = attempt;
    }

    /** Makes one at once. */
    void begin() {
        owner.checkCurrent();
        cancel();
        count++;
        // gRPC would wait up to two minutes by itself before it tries the address again.
        channel.resetConnectBackoff();
        attempt.run();
    }

    /** The last one has failed, or what came of it has ended. */
    void again() {
        owner.checkCurrent();
        timer = owner.schedule(backoff.next(), this::begin);
        watchChannel();
    }

    /** The server has answered well. */
    void succeeded() {
        count = 0;
        backoff.reset();
    }

    void cancel() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }

    /** How many were made since one succeeded. */
    int count() {
        return count;
    }

    /**
     * A stream that finds no connection fails at once, while the connection that it asked for is still being made; when that
     * stands, there is nothing to wait for any more.
     */
    private void watchChannel() {
        ConnectivityState state = channel.getState(false);
        // Ready: the stream failed, not the connection. Watching: the channel keeps every callback until its state
        // changes,
        // for days if need be.
        if (watching || state == ConnectivityState.READY) {
            return;
        }
        watching = true;
        channel.notifyWhenStateChanged(
                state,
                () -> owner.execute(() -> {
                    watching = false;
                    if (timer == null) {
                        return;
                    }
                    if (channel.getState(false) == ConnectivityState.READY) {
                        begin();
                    } else {
                        watchChannel();
                    }
                }));
    }
}
