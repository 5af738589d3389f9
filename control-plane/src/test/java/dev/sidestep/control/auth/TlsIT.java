package dev.sidestep.control.auth;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.concurrent.ThreadSerialExecutor;
import dev.sidestep.control.ads.Admission;
import dev.sidestep.control.ads.AdsServer;
import dev.sidestep.control.ads.Mesh;
import dev.sidestep.control.ads.XdsLimits;
import dev.sidestep.control.ads.XdsListener;
import dev.sidestep.control.index.Callers;
import dev.sidestep.control.index.ClusterIndex;
import dev.sidestep.control.index.Problems;
import dev.sidestep.control.index.WorkloadIndex;
import dev.sidestep.model.Mode;
import dev.sidestep.testkit.Await;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The TLS port on real sockets; what an API server would say of tokens is in a table. */
class TlsIT {
    private static final String NAME = "control-plane.sidestep-system.svc";
    private static final InetSocketAddress ANY_PORT = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    private static final Duration SOON = Duration.ofSeconds(20);

    private final SecureRandom random = new SecureRandom();
    private final ThreadSerialExecutor owner = new ThreadSerialExecutor("test-owner");
    private final ExecutorService reviewers = Executors.newFixedThreadPool(2);
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final HeldIdentity identity = new HeldIdentity(owner);
    private final Map<String, Verdict> known = new ConcurrentHashMap<>();
    private final CountDownLatch slow = new CountDownLatch(1);
    private final Refusals refusals = new Refusals(owner, registry);
    private final List<ManagedChannel> channels = new ArrayList<>();
    private final CertificateAuthority authority =
            CertificateAuthority.create(Instant.now().minusSeconds(60), Duration.ofDays(1), random);

    private volatile boolean away;

    @SuppressWarnings("NullAway.Init") // Set before each test.
    private AdsServer ads;

    private Optional<XdsListener> listener = Optional.empty();

    @BeforeEach
    void serve() throws IOException {
        serve(XdsLimits.DEFAULT);
    }

    private void serve(XdsLimits limits) throws IOException {
        listener.ifPresent(XdsListener::close);
        var problems = new Problems(owner);
        var index = new ClusterIndex(owner, problems, Duration.ofMillis(100));
        var workloads = new WorkloadIndex(owner);
        var mesh = new Mesh(Mode.BALANCE, "cluster.local", List.of("10.96.0.0/12"));
        ads = new AdsServer(
                owner, index, new Callers(workloads, problems), mesh, new Admission(limits, refusals), registry);
        owner.execute(ads::onSynced);
        identity.listen(bundle -> owner.execute(() -> ads.trust(bundle)));
        show(authority, authority);

        InstantSource clock = InstantSource.system();
        var authenticator = new Authenticator(owner, new TokenReader(Access.AUDIENCE, clock), this::review, reviewers);
        var interceptor = new TokenInterceptor(owner, clock, () -> 0, authenticator, refusals);
        listener = Optional.of(XdsListener.start(
                ANY_PORT,
                List.of(ads.service()),
                limits,
                Optional.of(new XdsListener.Security(identity, interceptor))));
    }

    private void show(CertificateAuthority signer, CertificateAuthority... trusted) {
        Instant now = Instant.now();
        Leaf leaf = signer.issue(Set.of(NAME), Set.of(), now.minusSeconds(60), now.plusSeconds(3600), random);
        owner.execute(() -> identity.show(leaf, CertificateAuthority.bundle(List.of(trusted))));
    }

    private Verdict review(String token) {
        if (away) {
            return new Verdict.Unknown(Refusal.API_SERVER_AWAY, "the API server cannot be asked");
        }
        if (token.equals(slowToken)) {
            try {
                slow.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        return known.getOrDefault(token, new Verdict.Refused(Refusal.UNKNOWN_TOKEN, "nobody knows this token"));
    }

    private final String slowToken = pod("slow", Duration.ofHours(1));

    @AfterEach
    void stop() {
        slow.countDown();
        channels.forEach(ManagedChannel::shutdownNow);
        listener.ifPresent(XdsListener::close);
        reviewers.shutdownNow();
        owner.close();
    }

    /** A token that the API server knows as that of a pod. */
    private String pod(String pod, Duration left) {
        Instant expiry = Instant.now().plus(left);
        String token = Tokens.of(pod, Access.AUDIENCE, expiry);
        known.put(token, new Verdict.Accepted(new Caller("shop", "web", pod, "uid", "node-1", Optional.of(expiry))));
        return token;
    }

    private InetSocketAddress address() {
        return new InetSocketAddress(
                InetAddress.getLoopbackAddress(), listener.orElseThrow().port());
    }

    private ManagedChannel channel(String bundle, String name) throws IOException {
        ManagedChannel channel = TlsStream.channel(address(), bundle, name);
        channels.add(channel);
        return channel;
    }

    private ManagedChannel channel() throws IOException {
        return channel(CertificateAuthority.bundle(List.of(authority)), NAME);
    }

    private TlsStream open(String token) throws IOException {
        return new TlsStream(channel(), token, Map.of());
    }

    private double refused(Refusal reason) {
        return registry.get("sidestep.xds.refused")
                .tag("reason", reason.label())
                .counter()
                .count();
    }

    @Test
    void aPodWithItsTokenIsServedAndToldWhomToTrust() throws Exception {
        TlsStream stream = open(pod("web-1", Duration.ofHours(1)));
        assertThat(stream.bundle()).isEqualTo(CertificateAuthority.bundle(List.of(authority)));
        assertThat(stream.isOpen()).isTrue();
    }

    @Test
    void withoutATokenOrWithAnyOtherNobodyIsServed() throws Exception {
        Map<String, String> endings = Map.of(
                "",
                "no token",
                "rubbish",
                "not a service account's token",
                Tokens.of(
                        "web-1", "https://kubernetes.default.svc", Instant.now().plusSeconds(60)),
                "the token is for",
                Tokens.of("web-1", Access.AUDIENCE, Instant.now().minusSeconds(1)),
                "the token has expired",
                Tokens.of("forged", Access.AUDIENCE, Instant.now().plusSeconds(60)),
                "nobody knows this token");
        for (Map.Entry<String, String> entry : endings.entrySet()) {
            Status end = open(entry.getKey()).end();
            assertThat(end.getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
            assertThat(end.getDescription()).contains(entry.getValue());
        }
        assertThat(refused(Refusal.MISSING_TOKEN)).isEqualTo(1);
        assertThat(refused(Refusal.UNKNOWN_TOKEN)).isEqualTo(2);
        assertThat(refused(Refusal.FOREIGN_AUDIENCE)).isEqualTo(1);
        assertThat(refused(Refusal.EXPIRED_TOKEN)).isEqualTo(1);
    }

    @Test
    void aPodThatSaysItIsAnotherIsDenied() throws Exception {
        var stream = new TlsStream(channel(), pod("web-1", Duration.ofHours(1)), Map.of("pod", "web-2"));
        Status end = stream.end();
        assertThat(end.getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
        assertThat(end.getDescription()).contains("pod \"web-2\"").contains("shop/web-1");
        assertThat(stream.responses).isEmpty();
    }

    @Test
    void withoutTheApiServerAcceptedStreamsStayAndNewOnesHearWhy() throws Exception {
        TlsStream accepted = open(pod("web-1", Duration.ofHours(1)));
        accepted.bundle();
        away = true;
        Status end = open(pod("web-2", Duration.ofHours(1))).end();
        assertThat(end.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(end.getDescription()).contains("the API server cannot be asked");

        owner.execute(() -> ads.trust("another bundle"));
        assertThat(accepted.bundle()).isEqualTo("another bundle");
        assertThat(accepted.isOpen()).isTrue();

        away = false;
        assertThat(open(pod("web-2", Duration.ofHours(1))).bundle()).isNotEmpty();
    }

    @Test
    void aStreamEndsWithItsTokenAndTheNextTokenOpensTheNext() throws Exception {
        ManagedChannel channel = channel();
        var stream = new TlsStream(channel, pod("web-1", Duration.ofSeconds(3)), Map.of());
        stream.bundle();
        Status end = stream.end();
        assertThat(end.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(end.getDescription()).contains("the token has expired");
        assertThat(new TlsStream(channel, pod("web-1", Duration.ofHours(1)), Map.of()).bundle())
                .isNotEmpty();
    }

    @Test
    void aReviewThatTakesLongHoldsUpNobodyElseEvenOnItsOwnConnection() throws Exception {
        ManagedChannel channel = channel();
        var waiting = new TlsStream(channel, slowToken, Map.of());
        var other = new TlsStream(channel, pod("web-1", Duration.ofHours(1)), Map.of());
        assertThat(other.bundle()).isNotEmpty();
        assertThat(waiting.responses).isEmpty();
        slow.countDown();
        assertThat(waiting.bundle()).isNotEmpty();
    }

    @Test
    void whoGivesUpBeforeItsTokenIsCheckedLeavesNothingBehind() throws Exception {
        ManagedChannel channel = channel();
        var impatient = new TlsStream(channel, slowToken, Map.of());
        // The server has it: what came after it on the connection is answered.
        new TlsStream(channel, pod("web-1", Duration.ofHours(1)), Map.of()).bundle();
        impatient.call.cancel("no patience", null);
        impatient.end();
        slow.countDown();
        Await.until("one stream is left", SOON, () -> streams() == 1);
    }

    private double streams() {
        return registry.get("sidestep.xds.streams")
                .tag("protocol", "delta")
                .gauge()
                .value();
    }

    @Test
    void aNewCertificateIsShownToTheNextWhoConnectsAndBreaksNoStream() throws Exception {
        TlsStream before = open(pod("web-1", Duration.ofHours(1)));
        before.bundle();
        CertificateAuthority next = authority.successor(Instant.now().minusSeconds(60), Duration.ofDays(1), random);
        show(next, next, authority);
        String both = CertificateAuthority.bundle(List.of(next, authority));
        assertThat(before.bundle()).isEqualTo(both);

        // One that was told, one that is new, and one that knows no more than the old one.
        for (CertificateAuthority trusted : List.of(next, authority)) {
            var stream = new TlsStream(
                    channel(CertificateAuthority.bundle(List.of(trusted)), NAME),
                    pod("web-1", Duration.ofHours(1)),
                    Map.of());
            assertThat(stream.bundle()).isEqualTo(both);
        }
        assertThat(before.isOpen()).isTrue();
    }

    @Test
    void aClientBelievesNoOtherNameAndNoOtherAuthority() throws Exception {
        String token = pod("web-1", Duration.ofHours(1));
        String bundle = CertificateAuthority.bundle(List.of(authority));
        assertThat(new TlsStream(channel(bundle, "evil.example"), token, Map.of())
                        .end()
                        .getCode())
                .isEqualTo(Status.Code.UNAVAILABLE);
        String foreign = CertificateAuthority.bundle(
                List.of(CertificateAuthority.create(Instant.now(), Duration.ofDays(1), random)));
        assertThat(new TlsStream(channel(foreign, NAME), token, Map.of()).end().getCode())
                .isEqualTo(Status.Code.UNAVAILABLE);
    }

    @Test
    void plaintextIsNotAnswered() throws Exception {
        ManagedChannel plain =
                NettyChannelBuilder.forAddress(address()).usePlaintext().build();
        channels.add(plain);
        assertThat(new TlsStream(plain, pod("web-1", Duration.ofHours(1)), Map.of())
                        .end()
                        .getCode())
                .isEqualTo(Status.Code.UNAVAILABLE);
    }

    @Test
    void whoConnectsAndSaysNothingIsCutOff() throws Exception {
        try (var socket = new Socket()) {
            socket.connect(address());
            socket.setSoTimeout(20_000);
            InputStream in = socket.getInputStream();
            assertThat(in.read()).isEqualTo(-1);
        }
    }

    @Test
    void oneClientsFloodOfStreamsIsTurnedAwayAndOthersAreServed() throws Exception {
        serve(XdsLimits.DEFAULT.withStreams(1_000, 10));
        String flooding = pod("flood", Duration.ofHours(1));
        ManagedChannel channel = channel();
        var streams = new ArrayList<TlsStream>();
        for (int i = 0; i < 60; i++) {
            streams.add(new TlsStream(channel, flooding, Map.of()));
        }
        Await.until(
                "50 are turned away",
                SOON,
                () -> streams.stream().filter(TlsStream::isOpen).count() == 10);
        Status end = streams.stream()
                .filter(stream -> !stream.isOpen())
                .findFirst()
                .orElseThrow()
                .end();
        assertThat(end.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        assertThat(end.getDescription()).contains("shop/flood has 10 streams already");
        assertThat(open(pod("web-1", Duration.ofHours(1))).bundle()).isNotEmpty();
        assertThat(refused(Refusal.TOO_MANY_STREAMS)).isEqualTo(50);
    }

    @Test
    void rapidResetsEndTheirConnectionAndNoOther() throws Exception {
        TlsStream other = open(pod("web-1", Duration.ofHours(1)));
        other.bundle();
        ManagedChannel flooding = channel();
        String token = pod("flood", Duration.ofHours(1));
        var held = new TlsStream(flooding, token, Map.of()); // Of the same connection, and so ends with it.
        held.headers.join();
        for (int i = 0; i < 300 && held.isOpen(); i++) {
            var stream = new TlsStream(flooding, token, Map.of());
            stream.headers.join();
            stream.call.cancel("rapid", null);
        }
        assertThat(held.end().getDescription()).contains("ENHANCE_YOUR_CALM");
        owner.execute(() -> ads.trust("still there"));
        assertThat(other.bundle()).isEqualTo("still there");
        assertThat(other.isOpen()).isTrue();
    }

    @Test
    void aRequestThatIsTooLargeEndsItsStream() throws Exception {
        serve(XdsLimits.DEFAULT);
        TlsStream stream = open(pod("web-1", Duration.ofHours(1)));
        stream.bundle();
        stream.call.sendMessage(dev.sidestep.xds.proto.discovery.DeltaDiscoveryRequest.newBuilder()
                .setTypeUrl("x".repeat(5 << 20))
                .build());
        assertThat(stream.end().getCode()).isIn(Status.Code.RESOURCE_EXHAUSTED, Status.Code.CANCELLED);
    }
}
