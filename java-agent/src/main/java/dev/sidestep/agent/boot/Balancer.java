package dev.sidestep.agent.boot;

import org.jspecify.annotations.Nullable;

/** The agent proper, as woven code sees it. Any thread. */
public interface Balancer {
    /**
     * The call that begins now to {@code host} and {@code port}, as the application named them; null if it goes where it
     * would go without Sidestep.
     *
     * @param method the HTTP method, in upper case
     */
    @Nullable
    Call call(String host, int port, String method);

    /** What a gRPC channel to {@code host} and {@code port} asks; null if that can never be a Service. */
    @Nullable
    GrpcTarget grpc(String host, int port);
}
