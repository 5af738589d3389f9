package dev.sidestep.balancing;

import dev.sidestep.load.ServiceLoad;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.TrafficPolicy;
import java.util.List;
import java.util.Optional;

/** Every host that no Service can ever be called by. */
enum NotOurs implements Destination {
    NOT_OURS;

    @Override
    public PickResult pick() {
        return PickResult.PassThrough.NOT_OURS;
    }

    @Override
    public PickResult peek() {
        return PickResult.PassThrough.NOT_OURS;
    }

    @Override
    public PickResult pickAnother(List<Subchannel> tried) {
        return PickResult.PassThrough.NOT_OURS;
    }

    @Override
    public boolean hasAnother(List<Subchannel> tried) {
        return false;
    }

    @Override
    public boolean mayRetry(boolean unprocessed, boolean idempotent, int attempts) {
        return false;
    }

    @Override
    public boolean mayRetryAnswer(int httpStatus, int grpcStatus, int attempts) {
        return false;
    }

    @Override
    public boolean mayConnect() {
        return true;
    }

    @Override
    public Optional<Cluster> cluster() {
        return Optional.empty();
    }

    @Override
    public ServiceLoad load() {
        return ServiceLoad.NONE;
    }

    @Override
    public TrafficPolicy policy() {
        return TrafficPolicy.DEFAULT;
    }

    @Override
    @SuppressWarnings("DirectInvocationOnMock")
    public void onAnswer(Runnable task) {
        task.run();
    }
}
