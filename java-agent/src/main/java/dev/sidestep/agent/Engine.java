package dev.sidestep.agent;

import dev.sidestep.agent.boot.Balancer;
import dev.sidestep.agent.boot.Call;
import dev.sidestep.agent.boot.GrpcTarget;
import dev.sidestep.balancing.Destination;
import dev.sidestep.balancing.LoadBalancer;
import dev.sidestep.balancing.PickResult;
import dev.sidestep.balancing.Reason;
import dev.sidestep.balancing.Subchannel;
import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.concurrent.SerialExecutor.Cancellable;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Asks the load balancer on behalf of woven code. Any thread. */
final class Engine implements Balancer {
    /** How long calls to a name that is new to this process wait for what the control plane says of it. */
    static final Duration FIRST_ANSWER = Duration.ofMillis(50);

    private final LoadBalancer balancer;
    private final SerialExecutor owner;
    private final ObservedConnections connections = new ObservedConnections();
    private final Set<WaitingAttempt> waiting = ConcurrentHashMap.newKeySet();

    /** Since when the first answer for a destination is waited for. */
    private final Map<Destination, Long> waitingSince = new ConcurrentHashMap<>();

    /** @param owner the load balancer's */
    Engine(LoadBalancer balancer, SerialExecutor owner) {
        this.balancer = balancer;
        this.owner = owner;
    }

    @Override
    public @Nullable Call call(String host, int port, String method) {
        Destination destination = balancer.lookup(host, port);
        PickResult result = destination.pick();
        if (result == PickResult.Pending.PENDING) {
            if (mayBlock(Thread.currentThread())) {
                await(destination);
            }
            result = destination.pick();
            if (result == PickResult.Pending.PENDING) {
                balancer.countFallback(Reason.PENDING);
                return null;
            }
        }
        if (result == PickResult.PassThrough.MODE_OBSERVE && destination.load().counts()) {
            return new ObservedCall(destination, connections, owner::nanoTime);
        }
        if (!(result instanceof Subchannel subchannel)) {
            return null;
        }
        if (!destination.mayConnect()) {
            // The client alone knows whether a connection to it stands.
            balancer.countFallback(Reason.STALE);
            return null;
        }
        return new EngineCall(destination, host, port, method, subchannel, this);
    }

    @Override
    public @Nullable GrpcTarget grpc(String host, int port) {
        Destination destination = balancer.lookup(host, port);
        return destination.pick() == PickResult.PassThrough.NOT_OURS
                ? null
                : new EngineGrpcTarget(destination, host + ":" + port, this);
    }

    void countFallback(Reason reason) {
        balancer.countFallback(reason);
    }

    /** The connections of clients that are only observed. */
    ObservedConnections connections() {
        return connections;
    }

    long nanoTime() {
        return owner.nanoTime();
    }

    Cancellable schedule(Duration delay, Runnable task) {
        return owner.schedule(delay, task);
    }

    /** {@code attempt} is to be moved when its endpoint hangs, until it {@link #waitsNoMore}. */
    void waits(WaitingAttempt attempt) {
        waiting.add(attempt);
    }

    void waitsNoMore(WaitingAttempt attempt) {
        waiting.remove(attempt);
    }

    /** On the owner: {@code hung} does not answer. */
    void moveFrom(Subchannel hung) {
        waiting.forEach(attempt -> attempt.moveFrom(hung));
    }

    /** A selector's thread serves every call of its client. */
    private static boolean mayBlock(Thread thread) {
        return !thread.getName().endsWith("SelectorManager");
    }

    private void await(Destination destination) {
        long now = owner.nanoTime();
        Long since = waitingSince.putIfAbsent(destination, now);
        long left = FIRST_ANSWER.toNanos() - (since == null ? 0 : now - since);
        if (left <= 0) {
            return; // Others have waited for this one already: an answer that is late is late for all.
        }
        CountDownLatch answered = new CountDownLatch(1);
        destination.onAnswer(() -> {
            waitingSince.remove(destination);
            answered.countDown();
        });
        try {
            if (answered.await(left, TimeUnit.NANOSECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
