package dev.sidestep.cli.check;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** Until when the certificates are valid that the replicas show. */
final class Certificates implements Check {
    /** A certificate that is renewed by itself never comes to its last tenth. */
    private static final int RENEWED_BEFORE_LAST = 10;

    private final Map<String, InetSocketAddress> ports;
    private final InstantSource clock;

    /** @param ports each port with TLS, by what it is called */
    Certificates(Map<String, InetSocketAddress> ports, InstantSource clock) {
        this.ports = ports;
        this.clock = clock;
    }

    /** A certificate, and when it is valid. */
    record Shown(String by, String issuer, Instant from, Instant until) {}

    @Override
    public String subject() {
        return "certificates";
    }

    @Override
    public List<Finding> look() {
        List<Shown> shown = new ArrayList<>();
        for (Map.Entry<String, InetSocketAddress> port : ports.entrySet()) {
            List<X509Certificate> chain;
            try {
                chain = Handshake.shown(port.getValue(), Webhook.HOST);
            } catch (IOException e) {
                return List.of(Finding.failed(
                        subject(), port.getKey() + " shows none (" + e.getMessage() + ")", Webhook.LOGS));
            }
            for (X509Certificate certificate : chain) {
                shown.add(new Shown(
                        port.getKey(),
                        certificate.getIssuerX500Principal().getName(),
                        certificate.getNotBefore().toInstant(),
                        certificate.getNotAfter().toInstant()));
            }
        }
        return List.of(judge(shown, clock.instant()));
    }

    static Finding judge(List<Shown> shown, Instant now) {
        String subject = "certificates";
        Shown first = shown.stream().min(Comparator.comparing(Shown::until)).orElseThrow();
        if (!now.isBefore(first.until)) {
            return Finding.failed(
                    subject,
                    first.by + ": expired at " + first.until + ": clients refuse it, and no pod is injected",
                    Webhook.LOGS);
        }
        Duration left = Duration.between(now, first.until);
        Duration life = Duration.between(first.from, first.until);
        String said =
                "the first expires at " + first.until.truncatedTo(ChronoUnit.SECONDS) + ", issued by " + first.issuer;
        return left.multipliedBy(RENEWED_BEFORE_LAST).compareTo(life) < 0
                ? Finding.note(
                        subject,
                        first.by + ": " + said + ", and is not renewed yet",
                        "renew the Secret if it is yours; else see kubectl logs -n sidestep-system"
                                + " deployment/control-plane")
                : Finding.ok(subject, said);
    }
}
