package dev.sidestep.control.auth;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.concurrent.VirtualTimeExecutor;
import dev.sidestep.control.auth.AuthorityKeeper.Profile;
import java.security.SecureRandom;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** A CA that lives two minutes, under virtual time. */
class AuthorityKeeperTest {
    private static final Duration LIFETIME = Duration.ofMinutes(2);
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final VirtualTimeExecutor owner = new VirtualTimeExecutor();
    private final VirtualClock clock = new VirtualClock(owner);
    private final SecureRandom random = new SecureRandom();
    private final MemoryAuthorityStore store = new MemoryAuthorityStore();
    private final HeldIdentity identity = new HeldIdentity(owner);
    private final List<String> problems = new ArrayList<>();

    private AuthorityKeeper keeper(HeldIdentity of) {
        return new AuthorityKeeper(
                owner,
                clock,
                random,
                store,
                new Profile(Set.of("control-plane.test.svc"), Set.of(), LIFETIME),
                of,
                found -> {
                    problems.clear();
                    problems.addAll(found);
                });
    }

    private void start() {
        keeper(identity).start();
        owner.advance(Duration.ZERO);
    }

    /** What a client does whose anchors are {@code bundle}: the way of certificates, at this moment, expired anchors apart. */
    private boolean believes(String bundle, HeldIdentity server) {
        try {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            Set<TrustAnchor> anchors = Pem.certificates(bundle).stream()
                    .filter(certificate -> certificate.getNotAfter().toInstant().isAfter(clock.instant()))
                    .map(certificate -> new TrustAnchor(certificate, null))
                    .collect(Collectors.toSet());
            if (anchors.isEmpty()) {
                return false;
            }
            var parameters = new PKIXParameters(anchors);
            parameters.setRevocationEnabled(false);
            parameters.setDate(Date.from(clock.instant()));
            List<X509Certificate> shown = server.leaf().orElseThrow().chain();
            // What every TLS library does: it builds the shortest way to an anchor.
            for (int length = 1; length <= shown.size(); length++) {
                CertPath path = factory.generateCertPath(shown.subList(0, length));
                try {
                    CertPathValidator.getInstance("PKIX").validate(path, parameters);
                    return true;
                } catch (CertPathValidatorException notThisWay) {
                    // The next one is longer.
                }
            }
            return false;
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private int authorities() {
        try {
            return Pem.certificates(identity.bundle()).size();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void theFirstAuthoritySignsAtOnce() {
        start();
        assertThat(authorities()).isOne();
        assertThat(believes(identity.bundle(), identity)).isTrue();
        assertThat(identity.leaf().orElseThrow().chain()).hasSize(1);
    }

    @Test
    void aClientThatFollowsTheBundleBelievesTheServerAtEverySecondOfTenRotations() {
        start();
        var told = new ArrayList<String>();
        identity.listen(told::add);
        for (int second = 0; second < 1200; second++) {
            owner.advance(SECOND);
            assertThat(believes(told.get(told.size() - 1), identity))
                    .as("second %d", second)
                    .isTrue();
            assertThat(authorities()).as("second %d", second).isBetween(1, 3);
        }
        assertThat(told).hasSizeGreaterThan(20);
    }

    @Test
    void theNewAuthorityIsInTheBundleForAnEighthOfItsLifeBeforeItSigns() {
        start();
        String first = identity.bundle();
        owner.advance(Duration.ofSeconds(64));
        assertThat(authorities()).isEqualTo(2);
        X509Certificate before = identity.leaf().orElseThrow().certificate();
        assertThat(before.getIssuerX500Principal()).isEqualTo(subject(first));

        owner.advance(Duration.ofSeconds(10));
        assertThat(identity.leaf().orElseThrow().certificate().getIssuerX500Principal())
                .isEqualTo(subject(first));
        owner.advance(Duration.ofSeconds(8));
        assertThat(identity.leaf().orElseThrow().certificate().getIssuerX500Principal())
                .isNotEqualTo(subject(first));
    }

    @Test
    void aPodInjectedBeforeTheRotationConnectsAfterItThoughItNeverHeardOfIt() {
        start();
        String injected = identity.bundle();
        owner.advance(Duration.ofSeconds(90));
        assertThat(identity.leaf().orElseThrow().certificate().getIssuerX500Principal())
                .as("signed by the new one")
                .isNotEqualTo(subject(injected));
        assertThat(believes(injected, identity)).isTrue();

        owner.advance(Duration.ofSeconds(31));
        assertThat(believes(injected, identity)).as("its only CA has expired").isFalse();
    }

    private static Object subject(String bundle) {
        try {
            return Pem.certificates(bundle).get(0).getSubjectX500Principal();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void leavesAreShortLivedAndRenewedAtHalfTheirLife() {
        start();
        for (int second = 0; second < 300; second++) {
            owner.advance(SECOND);
            Duration left = Duration.between(
                    clock.instant(), identity.leaf().orElseThrow().expiry());
            assertThat(left).isBetween(Duration.ofSeconds(10), LIFETIME.dividedBy(4));
        }
    }

    @Test
    void replicasThatStartTogetherAgreeOnOneAuthority() {
        var other = new HeldIdentity(owner);
        var otherKeeper = keeper(other);
        store.meanwhile = () -> {
            otherKeeper.start();
            owner.advance(Duration.ZERO);
        };
        start();
        owner.advance(Duration.ofSeconds(5));
        assertThat(store.writes).isOne();
        assertThat(identity.bundle()).isEqualTo(other.bundle());
        assertThat(believes(other.bundle(), identity)).isTrue();
        assertThat(believes(identity.bundle(), other)).isTrue();
        // Each has a key of its own.
        assertThat(identity.leaf().orElseThrow().key())
                .isNotEqualTo(other.leaf().orElseThrow().key());
    }

    @Test
    void aReplicaLearnsWhatAnotherOneHasMade() {
        start();
        var late = new HeldIdentity(owner);
        owner.advance(Duration.ofSeconds(30));
        keeper(late).start();
        owner.advance(Duration.ZERO);
        assertThat(late.bundle()).isEqualTo(identity.bundle());
        for (int second = 0; second < 240; second++) {
            owner.advance(SECOND);
            assertThat(believes(identity.bundle(), late)).isTrue();
            assertThat(believes(late.bundle(), identity)).isTrue();
        }
    }

    @Test
    void withoutTheStoreItGoesOnWithWhatItKnows() {
        start();
        String before = identity.bundle();
        store.away = true;
        owner.advance(Duration.ofSeconds(55));
        assertThat(problems).containsExactly("Secret test/ca: the API server cannot be asked");
        assertThat(identity.bundle()).isEqualTo(before);
        assertThat(believes(before, identity))
                .as("leaves are renewed all the same")
                .isTrue();

        store.away = false;
        owner.advance(Duration.ofSeconds(10));
        assertThat(problems).isEmpty();
        assertThat(authorities()).isEqualTo(2);
    }

    @Test
    void withoutTheStoreAtItsStartItShowsNothingAndComesWhenThatComes() {
        store.away = true;
        start();
        assertThat(identity.bundle()).isEmpty();
        assertThat(identity.leaf()).isEmpty();
        store.away = false;
        owner.advance(Duration.ofSeconds(3));
        assertThat(believes(identity.bundle(), identity)).isTrue();
    }

    @Test
    void anAuthorityThatExpiredWhileNobodyLookedIsReplaced() {
        start();
        String old = identity.bundle();
        store.away = true;
        owner.advance(Duration.ofMinutes(10));
        store.away = false;
        owner.advance(Duration.ofSeconds(3));
        assertThat(identity.bundle()).isNotEqualTo(old);
        assertThat(believes(identity.bundle(), identity)).isTrue();
    }

    @Test
    void aYearsAuthorityIsFollowedByAnotherAfterHalfAYear() {
        Instant now = clock.instant();
        Succession first = Succession.NONE.at(now, Duration.ofDays(365), random);
        assertThat(first.at(now.plus(Duration.ofDays(182)), Duration.ofDays(365), random))
                .isSameAs(first);
        Succession second = first.at(now.plus(Duration.ofDays(183)), Duration.ofDays(365), random);
        assertThat(second.newestFirst()).hasSize(2);
        assertThat(second.signer(now.plus(Duration.ofDays(228))))
                .contains(first.newestFirst().get(0));
        assertThat(second.signer(now.plus(Duration.ofDays(229))))
                .contains(second.newestFirst().get(0));
    }
}
