package dev.sidestep.sidecar.http1;

import dev.sidestep.balancing.Destination;
import dev.sidestep.balancing.Outcome;
import dev.sidestep.balancing.PickResult;
import dev.sidestep.balancing.Reason;
import dev.sidestep.balancing.Subchannel;
import dev.sidestep.load.EndpointLoad;
import dev.sidestep.naming.AddressLiteral;
import dev.sidestep.sidecar.loop.LoopGuard;
import dev.sidestep.sidecar.loop.Target;
import dev.sidestep.sidecar.pool.PooledConnection;
import dev.sidestep.sidecar.pool.Waiter;
import io.netty.channel.ConnectTimeoutException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One call's way to a connection: picks, connects, tries another endpoint, or goes where the call was going, and tells
 * the engine how each attempt ended. Confined to its event loop.
 */
final class Route implements Waiter {
    /** As long as callers of ours could have waited; where the call was going, no policy of ours says less. */
    private static final Duration DIRECT_CONNECT = Duration.ofSeconds(30);

    private final Http1Connections owner;
    private final ClientConnection client;
    private final Target target;
    private final boolean safe;
    private final Exchange exchange;

    private final List<String> tried = new ArrayList<>(0);
    private final List<Subchannel> triedEndpoints = new ArrayList<>(0);
    private int attempts;
    private boolean over;

    /** The endpoint of the attempt under way; null while there is none, or where it goes direct. */
    private @Nullable Subchannel endpoint;

    /** The endpoint of the attempt that has ended last. */
    private @Nullable Subchannel lastEndpoint;

    /** Where the attempt under way is counted; null while there is none. */
    private @Nullable EndpointLoad load;

    private boolean waiting;
    private long attemptNanos;
    private long firstByteNanos;
    private boolean firstByteSeen;

    private boolean direct;
    private boolean directAgain;
    private @Nullable InetSocketAddress directAddress;
    private @Nullable Reason fallback;
    private List<InetSocketAddress> addresses = List.of();

    Route(Http1Connections owner, ClientConnection client, Target target, boolean safe, Exchange exchange) {
        this.owner = owner;
        this.client = client;
        this.target = target;
        this.safe = safe;
        this.exchange = exchange;
    }

    void start() {
        follow(target.destination().pick());
    }

    /** Attempts made on endpoints. */
    int attempts() {
        return attempts;
    }

    /** The addresses that were tried in vain, first to last, once the call has failed. */
    List<String> tried() {
        List<String> all = new ArrayList<>(tried);
        Subchannel last = lastEndpoint;
        if (last != null && !triedEndpoints.contains(last)) {
            all.add(last.toString());
        }
        InetSocketAddress directly = directAddress;
        if (directly != null && !all.contains(text(directly))) {
            all.add(text(directly));
        }
        return all;
    }

    /** The endpoint of the attempt under way, or "" if it is none of ours. */
    String endpoint() {
        return endpoint == null ? "" : endpoint.toString();
    }

    private void follow(PickResult result) {
        if (result instanceof Subchannel picked) {
            attempt(picked);
        } else if (result instanceof PickResult.PassThrough passThrough) {
            goDirect(passThrough.reason());
        } else {
            owner.loop().whenAnswered(target.destination(), this::answered);
        }
    }

    private void answered() {
        if (over) {
            return;
        }
        PickResult result = target.destination().pick();
        if (result instanceof PickResult.Pending) {
            goDirect(Reason.PENDING);
        } else {
            follow(result);
        }
    }

    private void attempt(Subchannel picked) {
        Destination destination = target.destination();
        PooledConnection idle = owner.pool().idle(picked, !safe);
        if (idle == null && !destination.mayConnect()) {
            goDirect(Reason.STALE);
            return;
        }
        attempts++;
        exchange.onEndpoint();
        endpoint = picked;
        begin(destination.load().endpoint(picked.toString()));
        picked.started(attemptNanos);
        if (idle != null) {
            exchange.send((Upstream) idle);
        } else {
            waiting = true;
            owner.pool().connect(picked, destination.policy().connectTimeout(), this);
        }
    }

    private void begin(EndpointLoad counted) {
        firstByteSeen = false;
        attemptNanos = owner.loop().nanoTime();
        load = counted;
        counted.started();
    }

    @Override
    public void onConnection(PooledConnection connection) {
        waiting = false;
        exchange.send((Upstream) connection);
    }

    @Override
    public void onNoConnection(Reason reason) {
        waiting = false;
        Outcome outcome = switch (reason) {
            case CONNECT_FAILED -> Outcome.CONNECT_FAILED;
            case CONNECT_TIMEOUT -> Outcome.CONNECT_TIMEOUT;
            default -> Outcome.NEUTRAL;
        };
        lost(outcome, reason, true);
    }

    @Override
    public void onHung() {
        Subchannel hung = endpoint;
        Subchannel another = hung == null ? null : elsewhere(true);
        if (another != null && hung != null) {
            owner.pool().giveUp(hung, this);
            waiting = false;
            moveTo(another, Outcome.TIMEOUT);
        }
    }

    /** The first byte of the response is here. */
    void firstByte() {
        firstByteSeen = true;
        firstByteNanos = owner.loop().nanoTime();
        if (endpoint != null) {
            endpoint.firstByte(firstByteNanos);
        }
    }

    /**
     * The attempt under way came to nothing before the first response byte; another is made if it may be.
     *
     * @param unprocessed whether provably nothing of it was seen
     */
    void lost(Outcome outcome, Reason reason, boolean unprocessed) {
        Subchannel failed = endpoint;
        if (failed == null) {
            ended(outcome);
            lostDirect(reason, unprocessed);
            return;
        }
        ended(outcome);
        tried.add(failed.toString());
        triedEndpoints.add(failed);
        Destination destination = target.destination();
        if (outcome == Outcome.NEUTRAL || !destination.mayRetry(unprocessed, safe, attempts)) {
            exchange.fail(reason);
            return;
        }
        PickResult another = destination.pickAnother(triedEndpoints);
        if (another instanceof PickResult.Pending) {
            exchange.fail(reason);
            return;
        }
        target.stats().retried();
        follow(another);
    }

    /**
     * Where the call may be made instead of at its endpoint, which owes the first byte of its response: takes a retry if there
     * is such a place.
     *
     * @param unprocessed whether provably nothing of it was seen
     */
    @Nullable
    Subchannel elsewhere(boolean unprocessed) {
        List<Subchannel> all = triedAndCurrent();
        Destination destination = target.destination();
        return destination.hasAnother(all) && destination.mayRetry(unprocessed, safe, attempts) ? another(all) : null;
    }

    /** Where the call may be made again that was answered with {@code status}: takes a retry if there is such a place. */
    @Nullable
    Subchannel insteadOfAnswer(int status) {
        Destination destination = target.destination();
        if (endpoint == null || !destination.policy().retry().onAnswer(status, -1)) {
            return null;
        }
        List<Subchannel> all = triedAndCurrent();
        return destination.hasAnother(all) && destination.mayRetryAnswer(status, -1, attempts) ? another(all) : null;
    }

    private List<Subchannel> triedAndCurrent() {
        List<Subchannel> all = new ArrayList<>(triedEndpoints);
        if (endpoint != null) {
            all.add(endpoint);
        }
        return all;
    }

    private @Nullable Subchannel another(List<Subchannel> but) {
        return target.destination().pickAnother(but) instanceof Subchannel another ? another : null;
    }

    /** Ends the attempt under way and makes another, for which a retry was taken. */
    void moveTo(Subchannel another, Outcome outcome) {
        Subchannel left = endpoint;
        ended(outcome);
        if (left != null) {
            tried.add(left.toString());
            triedEndpoints.add(left);
        }
        target.stats().retried();
        attempt(another);
    }

    /** The attempt under way is over. */
    void ended(Outcome outcome) {
        EndpointLoad counted = load;
        if (counted == null) {
            return;
        }
        load = null;
        long nanos = (firstByteSeen ? firstByteNanos : owner.loop().nanoTime()) - attemptNanos;
        counted.ended(outcome.end(), nanos);
        Subchannel used = endpoint;
        if (used != null) {
            endpoint = null;
            lastEndpoint = used;
            used.ended(outcome, firstByteSeen, nanos);
        }
    }

    /** The call is over, however it ended; who waits for its connection waits no longer. */
    void close(Outcome outcome) {
        over = true;
        if (waiting && endpoint != null) {
            owner.pool().giveUp(endpoint, this);
            waiting = false;
        }
        ended(outcome);
    }

    private void goDirect(@Nullable Reason reason) {
        if (reason != null) {
            owner.loop().fellBack(target, reason);
        }
        fallback = reason;
        direct = true;
        Upstream standing = client.direct().take(target);
        if (standing != null) {
            directAgain = true;
            directAddress = (InetSocketAddress) standing.channel().remoteAddress();
            begin(target.destination().loadOf(directAddress));
            exchange.send(standing);
        } else {
            resolve();
        }
    }

    private void resolve() {
        owner.loop().originals(target, fallback, found -> {
            if (!over) {
                addresses = found;
                connectDirect(0, Reason.CONNECT_FAILED);
            }
        });
    }

    /** Addresses in the resolver's order, as a caller of its own would go through them. */
    private void connectDirect(int index, Reason before) {
        if (index == addresses.size()) {
            exchange.fail(fallback == Reason.NO_ENDPOINTS ? fallback : before);
            return;
        }
        InetSocketAddress address = addresses.get(index);
        if (LoopGuard.leadsBack(client.channel(), address)) {
            exchange.fail(Reason.LOOP);
            return;
        }
        Upstream upstream = owner.upstream();
        directAddress = address;
        begin(target.destination().loadOf(address));
        owner.loop().connector().connect(address, DIRECT_CONNECT, upstream).addListener(done -> {
            if (over) {
                upstream.channel().close();
            } else if (done.isSuccess()) {
                exchange.send(upstream);
            } else {
                ended(Outcome.CONNECT_FAILED);
                tried.add(text(address));
                connectDirect(
                        index + 1,
                        done.cause() instanceof ConnectTimeoutException
                                ? Reason.CONNECT_TIMEOUT
                                : Reason.CONNECT_FAILED);
            }
        });
    }

    private void lostDirect(Reason reason, boolean unprocessed) {
        // A standing connection that the peer closed as we used it: its own client would have opened another.
        if (directAgain && (safe || unprocessed)) {
            directAgain = false;
            resolve();
        } else {
            exchange.fail(reason);
        }
    }

    private static String text(InetSocketAddress address) {
        return AddressLiteral.hostPort(address.getAddress(), address.getPort());
    }

    /** Whether it goes where it was going; its connection then belongs to the client's. */
    boolean isDirect() {
        return direct;
    }
}
