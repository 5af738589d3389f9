package dev.sidestep.agent.boot;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A target whose channel was made before the balancer was there; until then all goes as without Sidestep. */
final class EarlyGrpcTarget implements GrpcTarget {
    private final String host;
    private final int port;
    private volatile @Nullable GrpcTarget target;
    private volatile boolean notOurs;

    EarlyGrpcTarget(String host, int port) {
        this.host = host;
        this.port = port;
    }

    private @Nullable GrpcTarget target() {
        GrpcTarget known = target;
        if (known != null || notOurs) {
            return known;
        }
        return find();
    }

    private synchronized @Nullable GrpcTarget find() {
        Balancer balancer = Bridge.balancer();
        if (target == null && balancer != null) {
            target = balancer.grpc(host, port);
            notOurs = target == null;
        }
        return target;
    }

    @Override
    public @Nullable Choice pick(List<Endpoint> tried) {
        GrpcTarget known = target();
        return known == null ? null : known.pick(tried);
    }

    @Override
    public void onAnswer(Runnable task) {
        GrpcTarget known = target();
        if (known == null) {
            task.run();
        } else {
            known.onAnswer(task);
        }
    }

    @Override
    public Retries retries() {
        GrpcTarget known = target();
        return known == null ? Retries.NONE : known.retries();
    }

    @Override
    public boolean mayRetry(int code, boolean lost, int attempts, List<Endpoint> tried) {
        GrpcTarget known = target();
        return known != null && known.mayRetry(code, lost, attempts, tried);
    }

    @Override
    public long timeoutNanos() {
        GrpcTarget known = target();
        return known == null ? 0 : known.timeoutNanos();
    }

    @Override
    public boolean observes() {
        GrpcTarget known = target();
        return known != null && known.observes();
    }

    @Override
    public @Nullable Observed observed() {
        GrpcTarget known = target();
        return known == null ? null : known.observed();
    }

    @Override
    public String service() {
        GrpcTarget known = target();
        return known == null ? host.concat(":").concat(Integer.toString(port)) : known.service();
    }
}
