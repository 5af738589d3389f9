package dev.sidestep.balancing;

import dev.sidestep.load.EndpointLoad;
import dev.sidestep.load.ServiceLoad;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.TrafficPolicy;
import dev.sidestep.naming.AddressLiteral;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One host and port that callers ask for, and the live answer to where it leads. Kept by {@link LoadBalancer}; data
 * planes may keep it too. Methods are for any thread, take no lock and do not block.
 */
public interface Destination {
    /** Where the first attempt of a call goes. */
    PickResult pick();

    /**
     * What every {@link #pick} answers as things stand; null while endpoints are picked. Takes no turn of a round and counts
     * nothing, so that one may look before a call begins.
     */
    @Nullable
    PickResult peek();

    /**
     * Where another attempt of a call goes: not to one of {@code tried} if any other endpoint is left. Does not spend
     * the retry budget; {@link #mayRetry} does.
     */
    PickResult pickAnother(List<Subchannel> tried);

    /**
     * Whether there is an endpoint that is not one of {@code tried}, for those who would rather stay than go back to one of
     * them. Takes no turn of a round.
     */
    boolean hasAnother(List<Subchannel> tried);

    /**
     * Whether an attempt that failed may be made again: asks the policy, the count and the budget, and takes from the
     * budget if so.
     *
     * @param unprocessed whether the server has provably not seen the request (connect failure, refused stream, GOAWAY
     *     above the last id, nothing of it written)
     * @param idempotent whether the method is GET, HEAD or OPTIONS
     * @param attempts how many attempts were made
     */
    boolean mayRetry(boolean unprocessed, boolean idempotent, int attempts);

    /**
     * Whether an attempt that was answered may be made again instead of passing the answer on: asks and takes as {@link
     * #mayRetry} does. Only while nothing of the answer was passed on and all of the request is still at hand, and only if
     * there is another endpoint to go to; or else the answer is what the caller gets.
     *
     * @param httpStatus the answer's status
     * @param grpcStatus the status of a gRPC answer that is nothing but trailers; -1 for any other answer
     * @param attempts how many attempts were made
     */
    boolean mayRetryAnswer(int httpStatus, int grpcStatus, int attempts);

    /**
     * Whether a new connection may be opened to {@code subchannel}; false while the list is stale and there is a VIP, when
     * only standing connections are used and all else goes where it was going.
     */
    boolean mayConnect();

    /** The cluster as last told; empty while unknown. */
    Optional<Cluster> cluster();

    /** Where it is counted what is sent to it; {@link ServiceLoad#NONE} while it is no Service, or off. */
    ServiceLoad load();

    /**
     * Where an attempt is counted that goes where it was going, to {@code remote}: without a VIP in between, that is an
     * endpoint; behind one nobody but kube-proxy knows.
     */
    default EndpointLoad loadOf(InetSocketAddress remote) {
        boolean endpoint =
                remote.getAddress() != null && cluster().map(Cluster::headless).orElse(false);
        return load().endpoint(endpoint ? AddressLiteral.hostPort(remote.getAddress(), remote.getPort()) : "");
    }

    /** Its policy, or the default one while unknown. */
    TrafficPolicy policy();

    /**
     * Runs {@code task} once, on the load balancer's owner, when {@link #pick} no longer answers {@link
     * PickResult.Pending}; at the next turn if it does not now.
     */
    void onAnswer(Runnable task);
}
