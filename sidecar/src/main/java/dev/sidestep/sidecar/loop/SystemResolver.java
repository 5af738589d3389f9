package dev.sidestep.sidecar.loop;

import io.netty.channel.EventLoop;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.Stream;

/**
 * Finds the addresses of names that are not ours as the application would have: by the system's resolver, which blocks,
 * so never on an event loop.
 */
public final class SystemResolver {
    private final Executor blocking;

    /**
     * Looks nothing up by itself.
     *
     * @param blocking runs lookups; it may reject one, which then fails
     */
    public SystemResolver(Executor blocking) {
        this.blocking = blocking;
    }

    /** Tells {@code listener} on {@code eventLoop}, never before this returns. Any thread. */
    public void resolve(String host, int port, EventLoop eventLoop, Listener listener) {
        Runnable lookup = () -> {
            try {
                List<InetSocketAddress> addresses = Stream.of(InetAddress.getAllByName(host))
                        .map(address -> new InetSocketAddress(address, port))
                        .toList();
                eventLoop.execute(() -> listener.onAddresses(addresses));
            } catch (UnknownHostException e) {
                eventLoop.execute(() -> listener.onAddresses(List.of()));
            }
        };
        try {
            blocking.execute(lookup);
        } catch (RejectedExecutionException tooMany) {
            eventLoop.execute(() -> listener.onAddresses(List.of()));
        }
    }

    /** Hears the answer. */
    @FunctionalInterface
    public interface Listener {
        /**
         * The lookup has ended.
         *
         * @param addresses in the resolver's order; empty when there is no such host
         */
        void onAddresses(List<InetSocketAddress> addresses);
    }
}
