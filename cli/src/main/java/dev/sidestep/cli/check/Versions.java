package dev.sidestep.cli.check;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Versions of Kubernetes. */
final class Versions {
    /** Native sidecars, init containers with {@code restartPolicy: Always}, are on by default from here on. */
    static final int NATIVE_SIDECARS_MINOR = 29;

    /** v1.35.4, and what vendors make of it: v1.29.1-gke.1589000, v1.30.0+k3s1. */
    private static final Pattern GIT_VERSION = Pattern.compile("v?1\\.([0-9]+)[.+-].*");

    private Versions() {}

    /** The minor version; empty if {@code gitVersion} is none of version 1. */
    static Optional<Integer> minor(String gitVersion) {
        Matcher matcher = GIT_VERSION.matcher(gitVersion);
        return matcher.matches() ? Optional.of(Integer.parseInt(matcher.group(1))) : Optional.empty();
    }

    /** Whether it has native sidecars; a version that cannot be read is taken for a new one. */
    static boolean isNewEnough(String gitVersion) {
        return minor(gitVersion).orElse(NATIVE_SIDECARS_MINOR) >= NATIVE_SIDECARS_MINOR;
    }
}
