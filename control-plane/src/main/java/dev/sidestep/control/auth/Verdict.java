package dev.sidestep.control.auth;

/** What is known of who sent a token. */
sealed interface Verdict {
    /** The API server vouches for it. */
    record Accepted(Caller caller) implements Verdict {}

    /** It proves nothing; another one is needed. */
    record Refused(Refusal reason, String explanation) implements Verdict {}

    /** Nobody can say now; the same token may do later. */
    record Unknown(Refusal reason, String explanation) implements Verdict {}
}
