package dev.sidestep.control.auth;

import dev.sidestep.concurrent.SerialExecutor;
import java.io.IOException;
import java.net.InetAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the CAs of our own making in their order, and this replica's certificate fresh. While the store is away it goes on
 * with the CAs it knows. Confined to {@code owner}, which may block, but for {@link #start}.
 */
final class AuthorityKeeper {
    /**
     * What certificates are for.
     *
     * @param names the DNS names that clients connect to
     * @param addresses the addresses that clients connect to
     * @param lifetime of a new CA
     */
    record Profile(Set<String> names, Set<InetAddress> addresses, Duration lifetime) {
        Profile {
            names = Set.copyOf(names);
            addresses = Set.copyOf(addresses);
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(AuthorityKeeper.class);

    /** How late a replica may learn of a new CA; a small part of the time until that one signs. */
    private static final Duration LOOK = Duration.ofSeconds(30);

    private static final int LOOKS_PER_LIFETIME = 60;
    private static final Duration LONGEST_LEAF = Duration.ofHours(24);
    private static final int LEAVES_PER_LIFETIME = 4;

    /** Clocks that go slow do not make a new certificate one of the future. */
    private static final Duration CLOCK_SKEW = Duration.ofMinutes(5);

    /** Replicas that start together are done after one round; more is for the unlikely. */
    private static final int MOST_WRITES = 5;

    private final SerialExecutor owner;
    private final InstantSource clock;
    private final SecureRandom random;
    private final AuthorityStore store;
    private final Profile profile;
    private final HeldIdentity identity;
    private final Consumer<List<String>> problems;
    private Succession succession = Succession.NONE;
    private @Nullable CertificateAuthority signer; // of what is shown
    private Instant renewal = Instant.MIN; // of what is shown

    /** @param problems is told what is wrong with the store, an empty list if nothing is; on the owner */
    AuthorityKeeper(
            SerialExecutor owner,
            InstantSource clock,
            SecureRandom random,
            AuthorityStore store,
            Profile profile,
            HeldIdentity identity,
            Consumer<List<String>> problems) {
        this.owner = owner;
        this.clock = clock;
        this.random = random;
        this.store = store;
        this.profile = profile;
        this.identity = identity;
        this.problems = problems;
    }

    /** Begins. Any thread, once; returns at once. */
    void start() {
        owner.execute(this::look);
    }

    private void look() {
        owner.checkCurrent();
        try {
            agree();
            problems.accept(List.of());
        } catch (IOException e) {
            problems.accept(List.of(String.valueOf(e.getMessage())));
        }
        show();
        Duration shortest = signer == null ? profile.lifetime() : signer.lifetime();
        Duration pause = shortest.dividedBy(LOOKS_PER_LIFETIME);
        owner.schedule(pause.compareTo(LOOK) < 0 ? pause : LOOK, this::look);
    }

    /** With the other replicas, on which CAs there are. */
    private void agree() throws IOException {
        for (int writes = 0; writes < MOST_WRITES; writes++) {
            AuthorityStore.Kept kept = store.read();
            Succession next = kept.succession().at(clock.instant(), profile.lifetime(), random);
            if (next.equals(kept.succession())) {
                succession = next;
                return;
            }
            if (store.write(kept, next)) {
                LOG.info(
                        "clients are told to trust {}",
                        next.newestFirst().stream()
                                .map(CertificateAuthority::toString)
                                .toList());
                succession = next;
                return;
            }
        }
        throw new IOException("the certificate authority cannot be agreed upon: others write it all the time;"
                + " is another installation using the same Secret?");
    }

    private void show() {
        Instant now = clock.instant();
        Optional<CertificateAuthority> signing = succession.signer(now);
        if (signing.isEmpty()) {
            return;
        }
        CertificateAuthority authority = signing.get();
        if (!authority.equals(signer) || !now.isBefore(renewal)) {
            Duration part = authority.lifetime().dividedBy(LEAVES_PER_LIFETIME);
            Duration life = part.compareTo(LONGEST_LEAF) < 0 ? part : LONGEST_LEAF;
            Leaf leaf = authority.issue(
                    profile.names(), profile.addresses(), now.minus(CLOCK_SKEW), now.plus(life), random);
            if (!authority.equals(signer)) {
                LOG.info("certificates are signed by {}", authority);
            }
            signer = authority;
            renewal = now.plus(life.dividedBy(2));
            identity.show(leaf, succession.bundle());
        } else {
            identity.trust(succession.bundle());
        }
    }
}
