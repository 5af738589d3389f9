package dev.sidestep.sidecar;

import dev.sidestep.model.TrafficPolicy;
import dev.sidestep.model.TrafficPolicy.Retry;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/** Policies that differ from the usual one in what a test is about. */
public final class Policies {
    private Policies() {}

    /** The usual retries, on these occasions. */
    public static TrafficPolicy retrying(Retry.On... on) {
        return with(new Retry(Set.of(on), 2, 20), Optional.empty(), Optional.empty());
    }

    /** The usual retries, and so much time for each attempt. */
    public static TrafficPolicy limitingAttempts(Duration time) {
        return with(Retry.DEFAULT, Optional.empty(), Optional.of(time));
    }

    /** The usual retries, and so much time for each attempt and for all of them. */
    public static TrafficPolicy limiting(Duration attempt, Duration call) {
        return with(Retry.DEFAULT, Optional.of(call), Optional.of(attempt));
    }

    private static TrafficPolicy with(Retry retry, Optional<Duration> call, Optional<Duration> attempt) {
        TrafficPolicy usual = TrafficPolicy.DEFAULT;
        return new TrafficPolicy(
                usual.mode(),
                usual.protocol(),
                usual.balancer(),
                usual.ejection(),
                retry,
                usual.connectTimeout(),
                call,
                attempt,
                usual.localOnly(),
                usual.affinityTimeout());
    }
}
