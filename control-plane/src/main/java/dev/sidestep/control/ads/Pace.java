package dev.sidestep.control.ads;

import java.time.Duration;

/** How fast one stream's requests are read: a bucket of tokens that fills evenly. Confined to the index's owner. */
final class Pace {
    private final double perNano;
    private final double burst;
    private double tokens;
    private long lastNanos;

    Pace(double perSecond, int burst, long nowNanos) {
        this.perNano = perSecond / Duration.ofSeconds(1).toNanos();
        this.burst = burst;
        this.tokens = burst;
        this.lastNanos = nowNanos;
    }

    /** One request was read; how long to wait before the next. */
    Duration next(long nowNanos) {
        tokens = Math.min(burst, tokens + (nowNanos - lastNanos) * perNano) - 1;
        lastNanos = nowNanos;
        return tokens >= 0 ? Duration.ZERO : Duration.ofNanos((long) (-tokens / perNano));
    }
}
