package dev.sidestep.control.drain;

import static dev.sidestep.control.ads.TestMesh.name;
import static dev.sidestep.control.ads.TestMesh.service;
import static dev.sidestep.control.ads.TestMesh.slice;
import static dev.sidestep.control.ads.TestMesh.sliceKey;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.concurrent.SerialExecutor.Cancellable;
import dev.sidestep.control.ads.TestMesh;
import dev.sidestep.control.ads.TestMesh.DeltaStream;
import dev.sidestep.control.ads.TestMesh.Pod;
import dev.sidestep.control.drain.Drain.Outcome;
import dev.sidestep.control.drain.Drain.Result;
import dev.sidestep.control.index.ObjectKey;
import dev.sidestep.model.ClusterName;
import dev.sidestep.xds.DrainCap;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Pod web-1 ends, under all that can happen meanwhile. */
final class DrainsTest {
    private static final PodName WEB_1 = new PodName("default", "web-1");
    private static final Duration CAP = ofSeconds(10);
    private static final ClusterName US = new ClusterName("control-plane", "default", 80);
    private static final Peer B = new Peer("cp-2", "10.0.0.2", 8080);
    private static final Peer C = new Peer("cp-3", "10.0.0.3", 8080);

    private final TestMesh mesh = new TestMesh();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final FakeLink link = new FakeLink();
    private final Set<PodName> staying = new HashSet<>();
    private final Departures departures =
            new Departures(mesh.owner(), mesh.index(), () -> mesh.ads().generation());
    private final Peers peers = new Peers(mesh.owner(), mesh.index(), new Peers.Us(US, "cp-1"), link);
    private final Drains drains =
            new Drains(mesh.owner(), new Drains.Views(departures, mesh.ads(), peers), new FakePods(), registry);
    private final List<Result> results = new ArrayList<>();

    @BeforeEach
    void start() {
        mesh.index().listen(touched -> {
            mesh.ads().onTouched(touched);
            drains.onTouched(touched);
        });
        web(Map.of("web-1", Pod.READY, "web-2", Pod.READY));
    }

    private void sync() {
        mesh.sync();
        mesh.owner().run(drains::onSynced);
        mesh.settle();
    }

    private void web(Map<String, Pod> pods) {
        mesh.put(service("web", "10.96.0.10"), slice("web", pods));
    }

    private void terminating() {
        web(Map.of("web-1", Pod.TERMINATING, "web-2", Pod.READY));
    }

    private void replicas(String... pods) {
        var all = new HashMap<String, Pod>();
        for (String pod : pods) {
            all.put(pod, Pod.READY);
        }
        mesh.put(service("control-plane", "10.96.0.1"), slice("control-plane", all));
        mesh.settle();
    }

    private DeltaStream client(String id) {
        DeltaStream client = mesh.connect(id);
        client.subscribe(name("web"));
        client.accept();
        return client;
    }

    private Runnable begin() {
        return begin(WEB_1, CAP);
    }

    private Runnable begin(PodName pod, Duration cap) {
        var giveUp = new Runnable[1];
        mesh.owner().run(() -> giveUp[0] = drains.begin(pod, cap, results::add));
        mesh.owner().advance(Duration.ZERO);
        return () -> mesh.owner().run(giveUp[0]);
    }

    private void pass(Duration time) {
        mesh.owner().advance(time);
    }

    private void assertEnded(Outcome outcome, Duration took) {
        assertThat(results).hasSize(1);
        assertThat(results.get(0).outcome()).isEqualTo(outcome);
        assertThat(results.get(0).took()).isEqualTo(took);
        assertThat(registry.get("sidestep.drains")
                        .tag("result", outcome.name().toLowerCase(java.util.Locale.ROOT))
                        .counter()
                        .count())
                .isEqualTo(1);
    }

    @Test
    void endsASecondAfterTheLastAcknowledgement() {
        sync();
        DeltaStream first = client("first");
        DeltaStream second = client("second");
        begin();
        terminating();
        pass(ofMillis(300));
        first.accept();
        pass(ofMillis(200));
        second.accept();

        pass(ofMillis(999));
        assertThat(results).isEmpty();
        pass(ofMillis(1));
        assertEnded(Outcome.ACKNOWLEDGED, ofMillis(1500));
    }

    @Test
    void waitsForTheSlicesToSayThatItLeaves() {
        sync();
        client("client");
        begin();

        pass(ofSeconds(5));
        assertThat(results).isEmpty();
        pass(ofSeconds(5));
        assertEnded(Outcome.CAPPED, CAP);
        assertThat(results.get(0).missing()).containsExactly("its EndpointSlices have it as ready");
    }

    @Test
    void doesNotWaitForAContainerThatEndsWhileItsPodStays() {
        sync();
        staying.add(WEB_1);
        begin();

        pass(ofMillis(4999));
        assertThat(results).isEmpty();
        pass(ofMillis(1));
        assertEnded(Outcome.STAYS, ofSeconds(5));
    }

    @Test
    void waitsForAPodThatWasNotSeenToBeMarkedUntilLate() {
        sync();
        staying.add(WEB_1);
        begin();
        pass(ofSeconds(4));
        staying.clear();

        pass(ofSeconds(3));
        assertThat(results).isEmpty();
        terminating();
        pass(ofSeconds(1));
        assertEnded(Outcome.ACKNOWLEDGED, ofSeconds(8));
    }

    @Test
    void waitsForAPodThatIsNotReadyEvenIfItStays() {
        sync();
        DeltaStream client = client("client");
        staying.add(WEB_1);
        web(Map.of("web-1", Pod.NOT_READY, "web-2", Pod.READY));
        begin();

        pass(ofSeconds(3));
        assertThat(results).isEmpty();
        client.accept();
        pass(ofSeconds(1));
        assertEnded(Outcome.ACKNOWLEDGED, ofSeconds(4));
    }

    @Test
    void doesNotWaitForAPodThatNoServiceSelects() {
        sync();
        begin(new PodName("default", "job-7"), CAP);

        assertEnded(Outcome.NOT_SELECTED, Duration.ZERO);
    }

    @Test
    void aPodOfTheSameNameInAnotherNamespaceIsAnotherOne() {
        sync();
        begin(new PodName("shop", "web-1"), CAP);

        assertEnded(Outcome.NOT_SELECTED, Duration.ZERO);
    }

    @Test
    void knowsNothingOfAPodBeforeTheSourceWasReadOnce() {
        begin();
        pass(ofSeconds(1));
        assertThat(results).isEmpty();

        terminating();
        mesh.sync();
        pass(ofSeconds(1));
        assertThat(results).isEmpty();
        mesh.owner().run(drains::onSynced);
        pass(ofSeconds(1));
        assertEnded(Outcome.ACKNOWLEDGED, ofSeconds(3));
    }

    @Test
    void endsAtTheCapWhateverIsMissingAndTellsWhat() {
        sync();
        client("first");
        client("second");
        begin();
        terminating();

        pass(CAP);
        assertEnded(Outcome.CAPPED, CAP);
        assertThat(results.get(0).missing()).containsExactly("2 clients have not acknowledged: first, second");
        assertThat(Drains.describe(WEB_1, results.get(0)))
                .isEqualTo(
                        "pod default/web-1: ends after 10.00 s although 2 clients have not acknowledged: first, second");
    }

    @Test
    void theCapHoldsForTheSecondOfCallsInFlightToo() {
        sync();
        terminating();
        begin(WEB_1, ofMillis(400));

        pass(ofMillis(400));
        assertEnded(Outcome.CAPPED, ofMillis(400));
        assertThat(results.get(0).missing()).containsExactly("calls may still be on their way");
    }

    @Test
    void aClientThatComesWithAnOlderListInTheLastSecondIsWaitedFor() {
        sync();
        begin();
        terminating();
        pass(ofMillis(900));
        DeltaStream late = mesh.connect("late");
        late.resume(Map.of(name("web"), "of another replica"), name("web"));

        pass(ofSeconds(2));
        assertThat(results).isEmpty();
        late.accept();
        pass(ofSeconds(1));
        assertEnded(Outcome.ACKNOWLEDGED, ofMillis(3900));
    }

    @Test
    void aPodOfSeveralServicesHasToLeaveEach() {
        mesh.put(service("api", "10.96.0.20"), slice("api", Map.of("web-1", Pod.READY)));
        sync();
        DeltaStream client = mesh.connect("client");
        client.subscribe(name("api"));
        client.accept();
        begin();
        terminating();
        pass(ofSeconds(3));
        assertThat(results).isEmpty();

        mesh.put(slice("api", Map.of("web-1", Pod.TERMINATING)));
        pass(ofSeconds(2));
        assertThat(results).isEmpty();
        client.accept();
        pass(ofSeconds(1));
        assertEnded(Outcome.ACKNOWLEDGED, ofSeconds(6));
    }

    @Test
    void terminatingCountsMoreThanReady() {
        sync();
        DeltaStream client = client("client");
        begin();
        web(Map.of("web-1", Pod.READY_AND_TERMINATING, "web-2", Pod.READY));
        client.accept();

        pass(ofSeconds(1));
        assertEnded(Outcome.ACKNOWLEDGED, ofSeconds(1));
    }

    @Test
    void aPodThatVanishesHasToBeAcknowledgedAsGone() {
        sync();
        DeltaStream client = client("client");
        web(Map.of("web-2", Pod.READY));
        begin();

        pass(ofSeconds(2));
        assertThat(results).isEmpty();
        client.accept();
        pass(ofSeconds(1));
        assertEnded(Outcome.ACKNOWLEDGED, ofSeconds(3));
    }

    @Test
    void aPodThatVanishesWithItsServiceHasToBeAcknowledgedAsGone() {
        sync();
        DeltaStream client = client("client");
        mesh.remove(new ObjectKey(ObjectKey.Kind.SERVICE, "default", "web"), sliceKey("web"));
        begin();

        pass(ofSeconds(2));
        assertThat(results).isEmpty();
        client.accept();
        pass(ofSeconds(1));
        assertEnded(Outcome.ACKNOWLEDGED, ofSeconds(3));
    }

    @Test
    void aPodThatVanishedLongAgoIsNotWaitedFor() {
        sync();
        client("client");
        web(Map.of("web-2", Pod.READY));
        pass(Duration.ofMinutes(5));
        begin();

        assertEnded(Outcome.NOT_SELECTED, Duration.ZERO);
    }

    @Test
    void aPodThatCameBackMeanwhileHasToLeaveAgain() {
        sync();
        client("client");
        web(Map.of("web-2", Pod.READY));
        mesh.settle();
        web(Map.of("web-1", Pod.READY, "web-2", Pod.READY));
        mesh.settle();
        begin();

        pass(CAP);
        assertEnded(Outcome.CAPPED, CAP);
        assertThat(results.get(0).missing()).containsExactly("its EndpointSlices have it as ready");
    }

    @Test
    void remembersNobodyWhoIsGoneForLong() {
        sync();
        for (int i = 0; i < 50; i++) {
            web(Map.of("web-" + (10 + i), Pod.READY, "web-1", Pod.READY));
            mesh.settle();
        }
        pass(Duration.ofMinutes(6));
        web(Map.of("web-1", Pod.READY));
        mesh.owner().run(() -> departures.standing(WEB_1));
        assertThat(departures.size()).isEqualTo(1); // The last, which went just now.
    }

    @Test
    void whoGivesUpIsToldNothing() {
        sync();
        Runnable giveUp = begin();
        giveUp.run();

        pass(CAP);
        assertThat(results).isEmpty();
        assertThat(idle().isDone()).isTrue();
    }

    private CompletableFuture<Void> idle() {
        CompletableFuture<Void> idle = drains.idle();
        pass(Duration.ZERO);
        return idle;
    }

    @Test
    void isIdleWhenTheLastWaitIsOver() {
        sync();
        begin();
        CompletableFuture<Void> idle = idle();
        assertThat(idle.isDone()).isFalse();
        assertThat(waiting()).isEqualTo(1);

        pass(CAP);
        assertThat(idle.isDone()).isTrue();
        assertThat(waiting()).isZero();
    }

    private double waiting() {
        return registry.get("sidestep.drains.waiting").gauge().value();
    }

    @Test
    void moreThanSixteenWaitsOfOnePodAreRefusedAtOnce() {
        sync();
        for (int i = 0; i < 16; i++) {
            begin();
        }
        assertThat(results).isEmpty();

        begin();
        assertEnded(Outcome.REFUSED, Duration.ZERO);
    }

    @Test
    void moreThanAThousandWaitsAreRefusedAtOnce() {
        var pods = new HashMap<String, Pod>();
        for (int i = 1; i <= 200; i++) {
            pods.put("web-" + i, Pod.READY);
        }
        web(pods);
        sync();
        for (int i = 0; i < 1000; i++) {
            begin(new PodName("default", "web-" + (1 + i % 200)), CAP);
        }
        assertThat(results).isEmpty();

        begin(new PodName("default", "web-7"), CAP);
        assertEnded(Outcome.REFUSED, Duration.ZERO);
    }

    @Test
    void everyReplicaHasToSayThatItsClientsKnow() {
        replicas("cp-1", "cp-2", "cp-3");
        sync();
        terminating();
        begin();
        assertThat(link.watched()).containsExactlyInAnyOrder(B, C); // Not ourselves.

        link.say(B, true);
        link.say(C, false);
        pass(ofSeconds(3));
        assertThat(results).isEmpty();

        link.say(C, true);
        pass(ofSeconds(1));
        assertEnded(Outcome.ACKNOWLEDGED, ofSeconds(4));
        assertThat(link.watched()).isEmpty();
    }

    @Test
    void aReplicaThatTakesItsWordBackInTheLastSecondIsWaitedFor() {
        replicas("cp-1", "cp-2");
        sync();
        terminating();
        begin();
        link.say(B, true);
        pass(ofMillis(500));
        link.say(B, false);
        pass(ofSeconds(2));
        assertThat(results).isEmpty();

        link.say(B, true);
        pass(ofSeconds(1));
        assertEnded(Outcome.ACKNOWLEDGED, ofMillis(3500));
    }

    @Test
    void aSilentReplicaHasNotAcknowledged() {
        replicas("cp-1", "cp-2");
        sync();
        terminating();
        begin();

        pass(CAP);
        assertEnded(Outcome.CAPPED, CAP);
        assertThat(results.get(0).missing()).containsExactly("cp-2: silent");
    }

    @Test
    void aReplicaThatIsLostIsAskedAgainAndDoesNotCountMeanwhile() {
        replicas("cp-1", "cp-2");
        sync();
        terminating();
        begin();
        link.say(B, true);
        link.lose(B);
        assertThat(link.watched()).isEmpty();

        pass(ofMillis(100));
        assertThat(link.watched()).containsExactly(B);
        for (int i = 0; i < 5; i++) { // 0.2, 0.4, 0.8, then every second
            link.lose(B);
            pass(ofSeconds(1));
            assertThat(link.watched()).containsExactly(B);
        }
        link.say(B, true);
        pass(ofSeconds(1));
        assertEnded(Outcome.ACKNOWLEDGED, ofMillis(6100));
    }

    @Test
    void aSilentReplicaIsNotWaitedForOnceItIsListedNoMore() {
        replicas("cp-1", "cp-2", "cp-3");
        sync();
        terminating();
        begin();
        link.say(B, true);
        pass(ofSeconds(2));

        replicas("cp-1", "cp-2"); // lasts a second
        assertEnded(Outcome.ACKNOWLEDGED, ofSeconds(3));
    }

    @Test
    void aReplicaThatComesMeanwhileIsAskedToo() {
        replicas("cp-1");
        sync();
        terminating();
        begin();
        pass(ofMillis(500));

        replicas("cp-1", "cp-2"); // lasts a second
        assertThat(link.watched()).containsExactly(B);
        pass(ofSeconds(1));
        assertThat(results).isEmpty();
        link.say(B, true);
        pass(ofSeconds(1));
        assertEnded(Outcome.ACKNOWLEDGED, ofMillis(3500));
    }

    @Test
    void aTopicIsAskedOfEveryReplicaAndASilentOneIsTold() {
        replicas("cp-1", "cp-2", "cp-3");
        sync();
        mesh.owner().run(() -> peers.answer("clients", () -> new byte[] {1}));

        CompletableFuture<List<Peers.Answer>> asked = peers.ask("clients");
        pass(Duration.ZERO);
        link.answer(B, new byte[] {2});
        link.answer(C, null);

        assertThat(asked.join().stream()
                        .map(answer -> answer.replica() + "="
                                + answer.body().map(body -> body[0]).orElse((byte) -1)))
                .containsExactlyInAnyOrder("cp-1=1", "cp-2=2", "cp-3=-1");
    }

    @Test
    void anUnknownIdMayEndAtOnce() {
        sync();
        var page = new DrainPage(mesh.owner(), drains);

        CompletableFuture<String> answer = page.drained("no-such-id", Map.of()).toCompletableFuture();
        pass(Duration.ZERO);
        assertThat(answer).isCompletedWithValue("no pod is known by this id; it may end\n");
    }

    @Test
    void aPodIsKnownByItsIdAndWaitsAsLongAsItsCapAllows() {
        sync();
        client("client");
        var page = new DrainPage(mesh.owner(), drains);

        CompletableFuture<String> answer =
                page.drained("id-of-web-1", Map.of("cap", "3s")).toCompletableFuture();
        pass(ofMillis(2999));
        assertThat(answer.isDone()).isFalse();
        pass(ofMillis(1));
        assertThat(answer.join()).startsWith("pod default/web-1: ends after 3.00 s although ");
    }

    @Test
    void aCapIsSecondsAndHasBounds() {
        assertThat(DrainCap.parse("25s")).isEqualTo(ofSeconds(25));
        assertThat(DrainCap.parse("")).isEqualTo(ofSeconds(10));
        assertThat(DrainCap.parse("ten")).isEqualTo(ofSeconds(10));
        assertThat(DrainCap.parse("-1s")).isEqualTo(ofSeconds(10));
        assertThat(DrainCap.parse("99999s")).isEqualTo(Duration.ofMinutes(5));
    }

    private final class FakePods implements Pods {
        @Override
        public Optional<PodName> byDrainId(String id) {
            return id.equals("id-of-web-1") ? Optional.of(WEB_1) : Optional.empty();
        }

        @Override
        public boolean stays(PodName pod) {
            return staying.contains(pod);
        }
    }

    /** Says what a test has it say, for each replica. */
    private final class FakeLink implements PeerLink {
        private final Map<Peer, Listener> listeners = new HashMap<>();
        private final Map<Peer, Consumer<byte @Nullable []>> questions = new HashMap<>();

        @Override
        public Cancellable watch(Peer replica, PodName pod, Listener listener) {
            assertThat(pod).isEqualTo(WEB_1);
            listeners.put(replica, listener);
            return () -> listeners.remove(replica, listener);
        }

        @Override
        public void ask(
                Peer replica, String topic, Duration limit, Consumer<byte[]> answered, Consumer<String> failed) {
            questions.put(replica, body -> {
                if (body == null) {
                    failed.accept("silent");
                } else {
                    answered.accept(body);
                }
            });
        }

        @Override
        public void retain(Collection<Peer> replicas) {
            questions.keySet().retainAll(replicas);
        }

        Set<Peer> watched() {
            return Set.copyOf(listeners.keySet());
        }

        void say(Peer replica, boolean acknowledged) {
            mesh.owner().run(() -> listener(replica).onStanding(acknowledged, acknowledged ? 0 : 1, List.of("x")));
        }

        void lose(Peer replica) {
            Listener listener = listener(replica);
            listeners.remove(replica);
            mesh.owner().run(() -> listener.onLost("UNAVAILABLE"));
        }

        private Listener listener(Peer replica) {
            return Optional.ofNullable(listeners.get(replica)).orElseThrow();
        }

        void answer(Peer replica, byte @Nullable [] body) {
            Consumer<byte @Nullable []> question =
                    Optional.ofNullable(questions.remove(replica)).orElseThrow();
            mesh.owner().run(() -> question.accept(body));
        }

        @Override
        public void close() {
            listeners.clear();
        }
    }
}
