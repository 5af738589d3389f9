package dev.sidestep.control.auth;

import io.grpc.Context;
import java.time.Instant;
import java.util.Optional;

/**
 * The workload at the other end of a call, as the API server vouches for it.
 *
 * @param namespace its namespace
 * @param serviceAccount its service account's name
 * @param pod its pod's name; "" for a token that belongs to no pod
 * @param podUid its pod's UID; "" as above
 * @param node its pod's node; "" as above, and from API servers before 1.30
 * @param expiry when its token ends; empty for one that does not say
 */
public record Caller(
        String namespace, String serviceAccount, String pod, String podUid, String node, Optional<Instant> expiry) {

    /** Who calls, in every call that came in by the TLS port; none in those that came in by the plaintext one. */
    public static final Context.Key<Caller> KEY = Context.key("sidestep-caller");

    /** {@code namespace/pod}, or the service account where there is no pod; for logs. */
    @Override
    public String toString() {
        return pod.isEmpty() ? "service account " + namespace + "/" + serviceAccount : namespace + "/" + pod;
    }
}
