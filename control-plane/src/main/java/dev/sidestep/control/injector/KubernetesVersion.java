package dev.sidestep.control.injector;

import java.util.Comparator;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code 1.35}. */
public record KubernetesVersion(int major, int minor) implements Comparable<KubernetesVersion> {
    /** {@code v1.35.4}, {@code v1.29.3-gke.1093000}, {@code 1.34}; some providers write {@code 28+} for a minor version. */
    private static final Pattern TEXT = Pattern.compile("v?([0-9]{1,3})\\.([0-9]{1,3})([.+-].*)?");

    public static Optional<KubernetesVersion> parse(String text) {
        Matcher match = TEXT.matcher(text);
        return match.matches()
                ? Optional.of(new KubernetesVersion(Integer.parseInt(match.group(1)), Integer.parseInt(match.group(2))))
                : Optional.empty();
    }

    boolean isAtLeast(int otherMinor) {
        return compareTo(new KubernetesVersion(1, otherMinor)) >= 0;
    }

    @Override
    public int compareTo(KubernetesVersion other) {
        return Comparator.comparingInt(KubernetesVersion::major)
                .thenComparingInt(KubernetesVersion::minor)
                .compare(this, other);
    }

    @Override
    public String toString() {
        return major + "." + minor;
    }
}
