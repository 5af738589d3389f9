package dev.sidestep.control.auth;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.concurrent.ThreadSerialExecutor;
import dev.sidestep.control.kube.Clients;
import dev.sidestep.control.settings.Settings;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.grpc.ServerInterceptor;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Who we are and who may ask, on a cluster: this control plane's certificate, kept fresh, and the check of its clients'
 * tokens. Methods are for any thread unless they say otherwise.
 */
public final class Access implements AutoCloseable {
    /** What clients' tokens have to be made for. */
    public static final String AUDIENCE = "sidestep.dev";

    /** The API server answers in milliseconds; four at a time are hundreds a second. */
    private static final int REVIEWERS = 4;

    private static final int MOST_WAITING = 2_000;
    private static final byte[] IPV6_LOOPBACK = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

    private final SerialExecutor owner;
    private final ThreadSerialExecutor keeper;
    private final ThreadPoolExecutor reviewers;
    private final InstantSource clock;
    private final HeldIdentity identity;
    private final Refusals refusals;
    private final ServerInterceptor interceptor;

    /**
     * What to prove oneself with, and to whom.
     *
     * @param namespace the control plane's own, where its Secret is
     * @param names the DNS names that clients connect to
     * @param addresses its own addresses
     * @param webhook the MutatingWebhookConfiguration that has to trust us; empty: none
     */
    public record Plan(
            String namespace,
            Set<String> names,
            Set<InetAddress> addresses,
            Settings.Tls tls,
            Optional<String> webhook) {
        public Plan {
            names = Set.copyOf(names);
            addresses = Set.copyOf(addresses);
        }

        /** Of a control plane in {@code namespace}, behind its Service and on this machine. */
        public static Plan of(
                String namespace,
                String clusterDomain,
                Optional<InetAddress> ownAddress,
                Settings.Tls tls,
                Optional<String> webhook) {
            String service = "control-plane." + namespace;
            var addresses = new LinkedHashSet<InetAddress>();
            ownAddress.ifPresent(addresses::add);
            for (byte[] loopback : List.of(new byte[] {127, 0, 0, 1}, IPV6_LOOPBACK)) {
                try {
                    addresses.add(InetAddress.getByAddress(loopback));
                } catch (UnknownHostException e) {
                    throw new IllegalStateException("4 or 16 bytes are an address", e);
                }
            }
            return new Plan(
                    namespace,
                    Set.of(service + ".svc", service + ".svc." + clusterDomain, service, "localhost"),
                    addresses,
                    tls,
                    webhook);
        }
    }

    private Access(
            SerialExecutor owner,
            KubernetesClient client,
            InstantSource clock,
            SecureRandom random,
            Refusals refusals,
            MeterRegistry registry) {
        this.owner = owner;
        this.clock = clock;
        keeper = new ThreadSerialExecutor("certificates");
        identity = new HeldIdentity(keeper);
        this.refusals = refusals;
        var count = new AtomicInteger();
        reviewers = new ThreadPoolExecutor(
                REVIEWERS, REVIEWERS, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(MOST_WAITING), task -> {
                    var thread = new Thread(task, "token-review-" + count.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        reviewers.allowCoreThreadTimeOut(true);
        var reader = new TokenReader(AUDIENCE, clock);
        var authenticator = new Authenticator(owner, reader, new ApiServerTokens(client, AUDIENCE, reader), reviewers);
        interceptor = new TokenInterceptor(owner, clock, random::nextDouble, authenticator, refusals);
        gauge(registry, "server", () -> identity.leaf().map(Leaf::expiry));
        gauge(
                registry,
                "ca",
                () -> authorities(identity.bundle()).stream()
                        .map(certificate -> certificate.getNotAfter().toInstant())
                        .max(Instant::compareTo));
    }

    /**
     * Starts to keep a certificate, and to check tokens; does not wait for either.
     *
     * @param client for the API server
     * @param owner handles calls
     * @param refusals hears who is turned away
     * @param problems is told what is wrong with what, an empty list when it is well again; on any thread
     */
    public static Access start(
            KubernetesClient client,
            SerialExecutor owner,
            Plan plan,
            Refusals refusals,
            MeterRegistry registry,
            BiConsumer<String, List<String>> problems) {
        var random = new SecureRandom();
        InstantSource clock = InstantSource.system();
        var access = new Access(owner, client, clock, random, refusals, registry);
        Settings.Tls tls = plan.tls();
        Consumer<List<String>> certificates = found -> problems.accept("certificates", found);
        String provided = tls.existingSecret().isEmpty() ? tls.certManagerSecret() : tls.existingSecret();
        if (provided.isEmpty()) {
            var ownedBy = OwnServiceAccount.read(Clients.serviceAccountToken(), plan.namespace());
            var store = new SecretAuthorityStore(client, plan.namespace(), tls.caSecret(), ownedBy);
            var profile = new AuthorityKeeper.Profile(plan.names(), plan.addresses(), tls.caLifetime());
            new AuthorityKeeper(access.keeper, clock, random, store, profile, access.identity, certificates).start();
        } else {
            new SecretReader(
                            access.keeper,
                            client,
                            plan.namespace(),
                            provided,
                            SecretReader.LOOK,
                            access.identity,
                            certificates)
                    .start();
        }
        plan.webhook()
                .ifPresent(name -> new WebhookTrust(
                                access.keeper, client, name, found -> problems.accept("webhook", found))
                        .start(access.identity));
        return access;
    }

    private void gauge(MeterRegistry registry, String which, Supplier<Optional<Instant>> expiry) {
        Gauge.builder(
                        "sidestep.certificate.expiry",
                        () -> expiry.get()
                                .map(instant -> Duration.between(clock.instant(), instant)
                                                .toMillis()
                                        / 1000.0)
                                .orElse(Double.NaN))
                .description("Until the certificate that is shown, or the newest authority that clients trust, expires")
                .baseUnit("seconds")
                .tag("certificate", which)
                .register(registry);
    }

    /** What listeners prove themselves with. */
    public ServerIdentity identity() {
        return identity;
    }

    /** What calls have to pass. */
    public ServerInterceptor interceptor() {
        return interceptor;
    }

    /**
     * How it stands. On the owner.
     *
     * @param tls where xDS is served over TLS
     * @param plaintext where it is served without, and to whom
     */
    public AccessReport report(String tls, String plaintext) {
        owner.checkCurrent();
        return new AccessReport(
                tls + ", to pods with a token for " + AUDIENCE,
                plaintext,
                identity.leaf().map(Leaf::toString).orElse("none yet"),
                authorities(identity.bundle()).stream()
                        .map(certificate -> certificate.getSubjectX500Principal() + ", until "
                                + certificate.getNotAfter().toInstant())
                        .toList(),
                refusals.report());
    }

    private static List<X509Certificate> authorities(String bundle) {
        try {
            return bundle.isEmpty() ? List.of() : Pem.certificates(bundle);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("we have written it ourselves", e);
        }
    }

    @Override
    public void close() {
        reviewers.shutdownNow();
        keeper.close();
    }
}
