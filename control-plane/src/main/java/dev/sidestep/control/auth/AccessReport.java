package dev.sidestep.control.auth;

import java.util.List;

/**
 * Who may ask, for {@code /status}.
 *
 * @param tls where xDS is served over TLS, and to whom
 * @param plaintext where it is served without, and to whom
 * @param certificate what is shown on the TLS ports, until when
 * @param authorities what clients have to trust, the newest first
 * @param refused who was turned away
 */
public record AccessReport(
        String tls, String plaintext, String certificate, List<String> authorities, List<Refusals.Report> refused) {

    /** Of one that has neither a certificate nor a way to check tokens. */
    public static AccessReport withoutTls(String plaintext, List<Refusals.Report> refused) {
        return new AccessReport("off", plaintext, "none", List.of(), refused);
    }
}
