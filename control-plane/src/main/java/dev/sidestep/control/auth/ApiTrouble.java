package dev.sidestep.control.auth;

import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;

/** Puts what the client library throws in words: what, why, and what to do. */
final class ApiTrouble {
    private static final int FORBIDDEN = 403;
    private static final int CONFLICT = 409;

    private ApiTrouble() {}

    /** That {@code verb} on {@code thing} failed. */
    static IOException of(String thing, String verb, KubernetesClientException error) {
        String reason = error.getCode() == FORBIDDEN
                ? "forbidden (403); grant the control plane the verb " + verb + " on it"
                : "the API server cannot be asked (" + reason(error) + "); what is known goes on serving, trying again";
        return new IOException(thing + ": " + reason, error);
    }

    /** The HTTP status; where there was no answer, what is at the bottom of it. */
    static String reason(KubernetesClientException error) {
        if (error.getCode() > 0) {
            return "HTTP " + error.getCode();
        }
        Throwable root = error;
        while (root.getCause() != null && root.getCause() != root) {
            root = root.getCause();
        }
        return root.getClass().getSimpleName();
    }

    static boolean isForbidden(KubernetesClientException error) {
        return error.getCode() == FORBIDDEN;
    }

    /** Somebody else was faster. */
    static boolean isConflict(KubernetesClientException error) {
        return error.getCode() == CONFLICT;
    }
}
