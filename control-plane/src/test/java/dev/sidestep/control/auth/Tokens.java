package dev.sidestep.control.auth;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;

/** Tokens as far as we look at them ourselves; who believes them has not asked the API server. */
final class Tokens {
    private Tokens() {}

    static String of(String subject, String audience, Instant expiry) {
        String payload =
                "{\"aud\":[\"" + audience + "\"],\"exp\":" + expiry.getEpochSecond() + ",\"sub\":\"" + subject + "\"}";
        return "e30." + Base64.getUrlEncoder().encodeToString(payload.getBytes(StandardCharsets.UTF_8)) + ".c2ln";
    }
}
