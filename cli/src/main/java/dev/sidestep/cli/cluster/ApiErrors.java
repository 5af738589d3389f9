package dev.sidestep.cli.cluster;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.util.Objects;

/** What an API server refused, in one line with the fix. */
public final class ApiErrors {
    private ApiErrors() {}

    /**
     * For the user.
     *
     * @param what could not be done
     */
    public static IOException explain(String what, KubernetesClient client, KubernetesClientException e) {
        return new IOException(what + ": " + reason(client, e), e);
    }

    /** Why {@code client} got no answer, and what to do about it. */
    public static String reason(KubernetesClient client, KubernetesClientException e) {
        if (isUnanswered(e)) {
            return "no answer from " + client.getMasterUrl() + " (" + said(e)
                    + "); is it up, and is it the cluster that you mean (--context)?";
        }
        return switch (e.getCode()) {
            case 401 -> "the API server does not know who asks; log in again, or name another --context";
            case 403 -> "the API server forbids it (" + said(e) + "); ask for that right, or use another --context";
            default -> "the API server answered " + e.getCode() + ": " + said(e);
        };
    }

    /** Whether nobody answered at all, which the library marks with various numbers. */
    public static boolean isUnanswered(KubernetesClientException e) {
        return e.getCode() <= 0;
    }

    private static String said(KubernetesClientException e) {
        if (e.getStatus() != null && e.getStatus().getMessage() != null) {
            return e.getStatus().getMessage();
        }
        Throwable root = e;
        while (root.getCause() != null && root.getCause() != root) {
            root = root.getCause();
        }
        return Objects.requireNonNullElse(root.getMessage(), root.getClass().getSimpleName());
    }
}
