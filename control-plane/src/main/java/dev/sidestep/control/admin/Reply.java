package dev.sidestep.control.admin;

import java.nio.charset.StandardCharsets;

/** A response of the admin server. */
record Reply(int status, String contentType, String body) {
    static Reply text(int status, String line) {
        return new Reply(status, "text/plain; charset=utf-8", line + "\n");
    }

    static Reply json(int status, String json) {
        return new Reply(status, "application/json", json + "\n");
    }

    byte[] bytes() {
        return body.getBytes(StandardCharsets.UTF_8);
    }
}
