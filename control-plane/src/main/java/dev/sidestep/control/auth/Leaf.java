package dev.sidestep.control.auth;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;

/**
 * What a server shows: its key, and its certificate followed by those that lead to a CA that clients trust.
 *
 * @param chain at least the server's own certificate, which is the first
 */
record Leaf(PrivateKey key, List<X509Certificate> chain) {
    Leaf {
        chain = List.copyOf(chain);
        if (chain.isEmpty()) {
            throw new IllegalArgumentException("chain: empty (expected: a certificate)");
        }
    }

    X509Certificate certificate() {
        return chain.get(0);
    }

    Instant expiry() {
        return certificate().getNotAfter().toInstant();
    }

    /** Without the key. */
    @Override
    public String toString() {
        return "Leaf[" + certificate().getSubjectX500Principal() + ", until " + expiry() + "]";
    }
}
