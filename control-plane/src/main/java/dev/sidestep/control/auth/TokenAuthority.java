package dev.sidestep.control.auth;

/** Whom we ask about tokens. */
interface TokenAuthority {
    /** What it says of {@code token}; blocks, but not for ever. Never throws: what fails is {@link Verdict.Unknown}. */
    Verdict review(String token);
}
