package dev.sidestep.control.auth;

import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The CAs that there are, the newest first. The life of each, L: clients are told to trust it as soon as it is made; it
 * signs after L/8, when all that are connected know it and most others too; at L/2 its successor is made; it is forgotten
 * when it has expired. What to do follows from the certificates and the time alone, so that all replicas agree on it.
 */
record Succession(List<CertificateAuthority> newestFirst) {
    /** There was never a CA. */
    static final Succession NONE = new Succession(List.of());

    private static final int SETTLING = 8;
    private static final int USE = 2;

    Succession {
        newestFirst = List.copyOf(newestFirst);
    }

    /** What it has to be by now: without the expired ones, with a new one when it is time. This, if nothing is to be done. */
    Succession at(Instant now, Duration lifetime, SecureRandom random) {
        List<CertificateAuthority> valid = newestFirst.stream()
                .filter(authority -> authority.expiry().isAfter(now))
                .toList();
        if (valid.isEmpty()) {
            return new Succession(List.of(CertificateAuthority.create(now, lifetime, random)));
        }
        CertificateAuthority newest = valid.get(0);
        if (now.isBefore(newest.start().plus(newest.lifetime().dividedBy(USE)))) {
            return valid.size() == newestFirst.size() ? this : new Succession(valid);
        }
        var extended = new ArrayList<CertificateAuthority>();
        extended.add(newest.successor(now, lifetime, random));
        extended.addAll(valid);
        return new Succession(extended);
    }

    /** The newest CA that clients had time to hear of; where there is none, the oldest. */
    Optional<CertificateAuthority> signer(Instant now) {
        Optional<CertificateAuthority> oldest = Optional.empty();
        for (CertificateAuthority authority : newestFirst) {
            if (authority.expiry().isAfter(now)) {
                if (!now.isBefore(authority.start().plus(authority.lifetime().dividedBy(SETTLING)))) {
                    return Optional.of(authority);
                }
                oldest = Optional.of(authority);
            }
        }
        return oldest;
    }

    /** All certificates, in PEM. */
    String bundle() {
        return CertificateAuthority.bundle(newestFirst);
    }
}
