package dev.sidestep.sidecar.loop;

import java.time.Duration;

/**
 * What one client, one connection or one endpoint may cost us.
 *
 * @param headBytes the longest request or response head, trailers counted apart
 * @param headTimeout how long a request head may take from its first byte to its last
 * @param idleTimeout how long a client's connection may stand without a request
 * @param writeBufferBytes unsent bytes of one channel above which its source is not read
 * @param connectionsPerEndpoint upstream connections of one event loop to one endpoint
 * @param waitersPerEndpoint calls of one event loop that may wait for such a connection
 * @param upstreamIdle how long an upstream connection may stand unused
 * @param pendingWait how long a call waits for the first answer about its destination
 * @param sniffTimeout how long the first bytes inside a tunnel are waited for
 * @param drain how long calls in flight may take to end once we were told to stop
 */
public record Limits(
        int headBytes,
        Duration headTimeout,
        Duration idleTimeout,
        int writeBufferBytes,
        int connectionsPerEndpoint,
        int waitersPerEndpoint,
        Duration upstreamIdle,
        Duration pendingWait,
        Duration sniffTimeout,
        Duration drain) {

    /** What holds where nothing is said. */
    public static final Limits DEFAULT = new Limits(
            64 << 10,
            Duration.ofSeconds(10),
            Duration.ofMinutes(5),
            64 << 10,
            1024,
            1024,
            Duration.ofSeconds(30),
            Duration.ofMillis(250),
            Duration.ofMillis(50),
            Duration.ofSeconds(10));
}
