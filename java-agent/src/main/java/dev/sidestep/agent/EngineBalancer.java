package dev.sidestep.agent;

import dev.sidestep.agent.boot.Balancer;
import dev.sidestep.agent.boot.Call;
import dev.sidestep.balancing.Destination;
import dev.sidestep.balancing.LoadBalancer;
import dev.sidestep.balancing.PickResult;
import dev.sidestep.balancing.Subchannel;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Asks the engine on behalf of woven code. Any thread. */
final class EngineBalancer implements Balancer {
    private final LoadBalancer engine;
    private final Duration firstAnswer;
    private final LongSupplier nanoTime;
    /** Since when the first answer is waited for. */
    private final Map<Destination, Long> waitingSince = new ConcurrentHashMap<>();

    /** @param firstAnswer how long the first call to a name waits for the control plane's answer */
    EngineBalancer(LoadBalancer engine, Duration firstAnswer, LongSupplier nanoTime) {
        this.engine = engine;
        this.firstAnswer = firstAnswer;
        this.nanoTime = nanoTime;
    }

    @Override
    public @Nullable Call call(String host, int port, String method) {
        Destination destination = engine.lookup(host, port);
        PickResult result = destination.pick();
        if (result == PickResult.Pending.PENDING && mayBlock(Thread.currentThread())) {
            await(destination);
            result = destination.pick();
        }
        return result instanceof Subchannel subchannel && destination.mayConnect()
                ? new EngineCall(destination, host, port, method, subchannel, nanoTime)
                : null;
    }

    /** A selector's thread serves every call of its client. */
    private static boolean mayBlock(Thread thread) {
        return !thread.getName().endsWith("SelectorManager");
    }

    private void await(Destination destination) {
        long now = nanoTime.getAsLong();
        Long since = waitingSince.putIfAbsent(destination, now);
        long left = firstAnswer.toNanos() - (since == null ? 0 : now - since);
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
