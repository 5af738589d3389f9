package dev.sidestep.control.auth;

import java.util.Locale;

/** Why a client was turned away: a label of metrics, and a name in {@code /status}. */
public enum Refusal {
    /** The call has no {@code authorization: Bearer} header. */
    MISSING_TOKEN,
    /** The token is not one of this cluster's service accounts, or not a token at all. */
    UNKNOWN_TOKEN,
    /** The token is meant for somebody else. */
    FOREIGN_AUDIENCE,
    EXPIRED_TOKEN,
    /** The client says that it is another one than its token says. */
    FOREIGN_NODE,
    /** The API server cannot be asked, and the answer is not known from before. */
    API_SERVER_AWAY,
    /** More tokens wait to be checked than is good. */
    TOO_MANY_CHECKS,
    /** More streams than one client, or the whole control plane, may have. */
    TOO_MANY_STREAMS;

    /** As it stands in metrics and reports: {@code missing-token}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
