package dev.sidestep.control.kube;

import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.Objects;

/** Puts what the client library throws in words: what, why, and what to do. */
final class Trouble {
    private static final int UNAUTHORIZED = 401;
    private static final int FORBIDDEN = 403;
    private static final int NOT_FOUND = 404;

    private Trouble() {}

    /** Whether the API server refuses to tell, or knows nothing of it: trying again helps only when somebody acts. */
    static boolean isDenied(Throwable error) {
        int code = code(error);
        return code == FORBIDDEN || code == NOT_FOUND;
    }

    static String explain(Resource resource, String namespace, Throwable error) {
        return switch (code(error)) {
            case UNAUTHORIZED ->
                "the API server does not know us (401); check the kubeconfig's or service account's" + " credentials";
            case FORBIDDEN ->
                "list and watch are forbidden (403); grant the verbs list and watch on " + resource
                        + (resource.isGlobal()
                                ? " in a ClusterRole"
                                : namespace.isEmpty()
                                        ? " in a ClusterRole, or name the namespaces you may read with --namespaces"
                                        : " in a Role of namespace " + namespace);
            case NOT_FOUND -> "this API server has no " + resource + " in version v1 (404)";
            default -> "cannot be read (" + root(error) + "); what is known goes on serving, trying again";
        };
    }

    /** The HTTP status, wherever in the chain of causes it hides; 0 if there was no answer. */
    private static int code(Throwable error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof KubernetesClientException answer && answer.getCode() != 0) {
                return answer.getCode();
            }
        }
        return 0;
    }

    /** What is at the bottom of {@code error}, in one line. */
    static String root(Throwable error) {
        Throwable root = error;
        while (root.getCause() != null && root.getCause() != root) {
            root = root.getCause();
        }
        String message = Objects.requireNonNullElse(root.getMessage(), "");
        return (root.getClass().getSimpleName() + ": " + message).strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
