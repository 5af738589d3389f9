package dev.sidestep.control.auth;

import java.net.InetAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import javax.net.ssl.X509ExtendedKeyManager;

/** A server's identity that somebody else keeps up to date. Any thread may ask; {@code owner} alone changes it. */
public final class HeldIdentity implements ServerIdentity {
    private static final Duration CLOCK_SKEW = Duration.ofMinutes(5);

    private final ShownLeaf shown = new ShownLeaf();
    private final Executor owner;
    private final List<Consumer<String>> listeners = new ArrayList<>(); // the owner's
    private volatile String bundle = "";

    /** @param owner whose tasks change it; listeners are told there, so that none hears an old bundle after a newer one */
    HeldIdentity(Executor owner) {
        this.owner = owner;
    }

    /**
     * One of a CA that was made for it and lives in memory only, a year; it is never exchanged. For machines without
     * Kubernetes, and tests.
     *
     * @param names the DNS names that clients connect to
     * @param addresses the addresses that clients connect to
     */
    public static ServerIdentity selfMade(
            Set<String> names, Set<InetAddress> addresses, InstantSource clock, SecureRandom random) {
        Duration lifetime = Duration.ofDays(365);
        Instant now = clock.instant();
        CertificateAuthority authority = CertificateAuthority.create(now.minus(CLOCK_SKEW), lifetime, random);
        var identity = new HeldIdentity(Runnable::run); // Nothing changes.
        identity.show(
                authority.issue(names, addresses, now.minus(CLOCK_SKEW), now.plus(lifetime), random),
                CertificateAuthority.bundle(List.of(authority)));
        return identity;
    }

    /** From now on this is shown. */
    void show(Leaf leaf, String latestBundle) {
        // First who may be trusted: nobody is shown what those who listen do not know yet.
        trust(latestBundle);
        shown.show(leaf);
    }

    /** From now on these have to be trusted. */
    void trust(String latestBundle) {
        if (!latestBundle.equals(bundle)) {
            bundle = latestBundle;
            listeners.forEach(listener -> listener.accept(latestBundle));
        }
    }

    /** What is shown now; empty before the first. */
    Optional<Leaf> leaf() {
        return shown.leaf();
    }

    @Override
    public X509ExtendedKeyManager keyManager() {
        return shown;
    }

    @Override
    public String bundle() {
        return bundle;
    }

    @Override
    public void listen(Consumer<String> listener) {
        owner.execute(() -> {
            listeners.add(listener);
            if (!bundle.isEmpty()) {
                listener.accept(bundle);
            }
        });
    }
}
