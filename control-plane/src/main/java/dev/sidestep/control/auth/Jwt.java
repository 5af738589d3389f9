package dev.sidestep.control.auth;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a token says of itself. Nobody has checked it: good enough to refuse a token, or for what the API server has
 * confirmed to be true of the token as a whole.
 */
record Jwt(List<String> audiences, Optional<Instant> expiry, JsonNode payload) {
    private static final Pattern DOT = Pattern.compile("\\.");

    /** Empty for anything that is not a JWT. */
    static Optional<Jwt> parse(JsonMapper json, String token) {
        String[] parts = DOT.split(token, -1);
        if (parts.length != 3) {
            return Optional.empty();
        }
        try {
            JsonNode payload =
                    json.readTree(new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8));
            if (!payload.isObject()) {
                return Optional.empty();
            }
            JsonNode audience = payload.path("aud");
            var audiences = new ArrayList<String>();
            if (audience.isString()) {
                audiences.add(audience.asString());
            } else {
                audience.forEach(each -> audiences.add(each.asString("")));
            }
            JsonNode expiry = payload.path("exp");
            return Optional.of(new Jwt(
                    audiences,
                    expiry.canConvertToLong() ? Optional.of(Instant.ofEpochSecond(expiry.asLong())) : Optional.empty(),
                    payload));
        } catch (IllegalArgumentException | JacksonException | java.time.DateTimeException notAJwt) {
            return Optional.empty();
        }
    }
}
