package dev.sidestep.e2e;

import org.jspecify.annotations.Nullable;

/** The cluster did not do what a scenario needs to go on; one line that says what. */
public final class ClusterException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public ClusterException(String message) {
        super(message);
    }

    public ClusterException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
