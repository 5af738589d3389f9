package dev.sidestep.control.index;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as the Gateway API writes them (GEP-2257): {@code 1m30s}, {@code 250ms}. */
public final class Durations {
    private static final Pattern WHOLE = Pattern.compile("([0-9]{1,5}(h|m|s|ms)){1,4}");
    private static final Pattern PART = Pattern.compile("([0-9]+)(ms|h|m|s)");

    private Durations() {}

    /** {@code off} and zero are none. */
    static Optional<Duration> parseOrOff(String text) {
        if (text.equals("off")) {
            return Optional.empty();
        }
        return Optional.of(sum(text, "a duration such as 1m30s or 250ms, or off"))
                .filter(read -> !read.isZero());
    }

    static Duration parse(String text) {
        Duration read = sum(text, "a duration such as 1m30s or 250ms");
        if (read.isZero()) {
            throw new WrongValueException("(expected: more than nothing); ignored");
        }
        return read;
    }

    private static Duration sum(String text, String expectation) {
        return read(text).orElseThrow(() -> new WrongValueException("(expected: " + expectation + "); ignored"));
    }

    /** Empty if {@code text} is no duration. */
    public static Optional<Duration> read(String text) {
        if (!WHOLE.matcher(text).matches()) {
            return Optional.empty();
        }
        Duration sum = Duration.ZERO;
        Matcher parts = PART.matcher(text);
        while (parts.find()) {
            long count = Long.parseLong(parts.group(1));
            sum = sum.plus(
                    switch (parts.group(2)) {
                        case "h" -> Duration.ofHours(count);
                        case "m" -> Duration.ofMinutes(count);
                        case "s" -> Duration.ofSeconds(count);
                        default -> Duration.ofMillis(count);
                    });
        }
        return Optional.of(sum);
    }
}
