package dev.sidestep.control.auth;

import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;

/** Looks at tokens themselves, before anybody is asked about them. Any thread. */
final class TokenReader {
    /** The API server writes no such long ones; and they are hashed and kept. */
    private static final int LONGEST = 8192;

    private final JsonMapper json = new JsonMapper();
    private final String audience;
    private final InstantSource clock;

    TokenReader(String audience, InstantSource clock) {
        this.audience = audience;
        this.clock = clock;
    }

    /** Why {@code token} is no good, if that can be seen by looking at it. */
    Optional<Verdict.Refused> fault(String token) {
        if (token.isEmpty()) {
            return Optional.of(new Verdict.Refused(
                    Refusal.MISSING_TOKEN,
                    "no token; set SIDESTEP_TOKEN_FILE to a projected serviceAccountToken with audience " + audience));
        }
        Optional<Jwt> jwt = token.length() > LONGEST ? Optional.empty() : Jwt.parse(json, token);
        if (jwt.isEmpty()) {
            return Optional.of(new Verdict.Refused(
                    Refusal.UNKNOWN_TOKEN,
                    "this is not a service account's token; mount a projected serviceAccountToken with audience "
                            + audience));
        }
        if (!jwt.get().audiences().contains(audience)) {
            return Optional.of(new Verdict.Refused(
                    Refusal.FOREIGN_AUDIENCE,
                    "the token is for " + jwt.get().audiences() + "; mount one with audience " + audience));
        }
        Instant expiry = jwt.get().expiry().orElse(Instant.MAX);
        if (!expiry.isAfter(clock.instant())) {
            return Optional.of(new Verdict.Refused(
                    Refusal.EXPIRED_TOKEN,
                    "the token has expired at " + expiry + "; read the file anew, the kubelet renews it"));
        }
        return Optional.empty();
    }

    /** When it ends, as it says itself. */
    Optional<Instant> expiry(String token) {
        return Jwt.parse(json, token).flatMap(Jwt::expiry);
    }

    /** The claims of it, unchecked. */
    Optional<Jwt> claims(String token) {
        return Jwt.parse(json, token);
    }
}
