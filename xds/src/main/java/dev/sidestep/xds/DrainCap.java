package dev.sidestep.xds;

import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How long a pod may be kept from its end: what {@code /drained?cap=10s} says. */
public final class DrainCap {
    private static final Logger LOG = LoggerFactory.getLogger(DrainCap.class);

    /** Where none is given. */
    public static final Duration DEFAULT = Duration.ofSeconds(10);

    /** Pods have rarely more time than that, and a wait costs a connection. */
    public static final Duration MOST = Duration.ofMinutes(5);

    private DrainCap() {}

    /** {@code 10s}, a whole number of seconds; what is none counts as the default, what is too much as {@link #MOST}. */
    public static Duration parse(String text) {
        if (text.isEmpty()) {
            return DEFAULT;
        }
        if (!text.matches("[0-9]{1,6}s")) {
            LOG.warn("cap: \"{}\" (expected: seconds, such as 10s); using {} s", text, DEFAULT.toSeconds());
            return DEFAULT;
        }
        return bounded(Duration.ofSeconds(Integer.parseInt(text.substring(0, text.length() - 1))));
    }

    /** {@code cap}, or {@link #MOST} if it is more. */
    public static Duration bounded(Duration cap) {
        return cap.compareTo(MOST) > 0 ? MOST : cap;
    }
}
