package dev.sidestep.agent.boot;

import org.jspecify.annotations.Nullable;

/** The hand-over from the agent proper to woven code: the one static mutable state of the agent. */
public final class Bridge {
    private static volatile @Nullable Balancer balancer;

    private Bridge() {}

    /** From now on woven code asks {@code next}; null: everything goes on as without Sidestep. */
    public static void install(@Nullable Balancer next) {
        balancer = next;
    }

    static @Nullable Balancer balancer() {
        return balancer;
    }

    /**
     * What a gRPC channel to {@code host} and {@code port} asks; null: it goes on as without Sidestep. A channel that is
     * made before there is a balancer may live as long as the process, so it gets one that finds the balancer later.
     */
    public static @Nullable GrpcTarget grpc(String host, int port) {
        try {
            Balancer current = balancer;
            return current == null ? new EarlyGrpcTarget(host, port) : current.grpc(host, port);
        } catch (Throwable e) {
            return null;
        }
    }
}
