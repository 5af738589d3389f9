package dev.sidestep.control.ads;

import java.time.Duration;

/**
 * What clients may cost, one and all. A client here is a pod, or a service account whose token belongs to no pod; without
 * TLS, an address beyond the loopback interface.
 *
 * @param streams open at the same time, of all clients: twice the size of a cluster of 5,000 nodes' worth of callers
 * @param streamsPerClient open at the same time, of one: an agent in each container, a gRPC channel to each backend
 * @param namesPerStream subscriptions on one stream
 * @param names subscriptions on all streams; some 200 bytes each
 * @param nameLength characters of one name
 * @param requestBytes one request, the first of which names all that a client follows: 20,000 names of 60 bytes
 * @param headerBytes the headers of one call, which hold the token
 * @param callsPerConnection open at the same time on one connection
 * @param resets of streams on one connection within {@code resetWindow}; more end it (CVE-2023-44487)
 * @param requestsPerSecond of one stream in the long run; those that come faster are read later, so that the sender waits
 * @param requestBurst of one stream at once
 * @param connectionAge after it a connection is replaced, by gRPC up to a tenth sooner or later, so that clients spread
 *     over replicas that were added
 * @param connectionGrace what streams of a connection that is replaced have to move by themselves
 */
public record XdsLimits(
        int streams,
        int streamsPerClient,
        int namesPerStream,
        long names,
        int nameLength,
        int requestBytes,
        int headerBytes,
        int callsPerConnection,
        int resets,
        Duration resetWindow,
        double requestsPerSecond,
        int requestBurst,
        Duration connectionAge,
        Duration connectionGrace) {

    /** What holds unless a test says otherwise; {@code docs/security.md} has the same table. */
    public static final XdsLimits DEFAULT = new XdsLimits(
            10_000,
            100,
            20_000,
            2_000_000,
            512,
            4 << 20,
            16 << 10,
            100,
            200,
            Duration.ofSeconds(30),
            500,
            2_000,
            Duration.ofHours(2),
            Duration.ofSeconds(30));

    /** This, with other numbers of streams. */
    public XdsLimits withStreams(int inAll, int perClient) {
        return new XdsLimits(
                inAll,
                perClient,
                namesPerStream,
                names,
                nameLength,
                requestBytes,
                headerBytes,
                callsPerConnection,
                resets,
                resetWindow,
                requestsPerSecond,
                requestBurst,
                connectionAge,
                connectionGrace);
    }

    /** This, with other numbers of subscriptions. */
    public XdsLimits withNames(int perStream, long inAll) {
        return new XdsLimits(
                streams,
                streamsPerClient,
                perStream,
                inAll,
                nameLength,
                requestBytes,
                headerBytes,
                callsPerConnection,
                resets,
                resetWindow,
                requestsPerSecond,
                requestBurst,
                connectionAge,
                connectionGrace);
    }

    /** This, with other rates of requests. */
    public XdsLimits withRequests(double perSecond, int burst) {
        return new XdsLimits(
                streams,
                streamsPerClient,
                namesPerStream,
                names,
                nameLength,
                requestBytes,
                headerBytes,
                callsPerConnection,
                resets,
                resetWindow,
                perSecond,
                burst,
                connectionAge,
                connectionGrace);
    }
}
