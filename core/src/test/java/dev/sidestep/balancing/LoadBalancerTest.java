package dev.sidestep.balancing;

import static dev.sidestep.balancing.Mesh.cluster;
import static dev.sidestep.balancing.Mesh.ready;
import static dev.sidestep.balancing.Mesh.share;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.balancing.PickResult.PassThrough;
import dev.sidestep.model.Endpoint;
import dev.sidestep.model.Mode;
import dev.sidestep.model.Self;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class LoadBalancerTest {
    private static final String NAME = Mesh.BACKEND.value();

    private final Mesh mesh = new Mesh();

    @Test
    void spreadsCallsEvenly() {
        Destination backend = mesh.backend(ready(3));

        assertThat(share(backend, 300))
                .hasSize(3)
                .allSatisfy((endpoint, picks) -> assertThat(picks).isEqualTo(100));
    }

    @Test
    void waitsForTheFirstAnswerWhileConnected() {
        mesh.connect();
        Destination backend = mesh.lookup("backend", 80);
        List<String> answered = new ArrayList<>();
        backend.onAnswer(() -> answered.add(backend.pick().toString()));
        mesh.settle();
        assertThat(backend.pick()).isEqualTo(PickResult.Pending.PENDING);
        assertThat(mesh.discovery.asked()).containsExactly(NAME);
        assertThat(answered).isEmpty();

        mesh.tell(cluster(ready(1)));

        assertThat(answered).containsExactly("10.0.0.1:8080");
        backend.onAnswer(() -> answered.add("again"));
        mesh.settle();
        assertThat(answered).hasSize(2);
    }

    @Test
    void stopsWaitingForAControlPlaneThatIsSilentForASecond() {
        mesh.connect();
        Destination backend = mesh.lookup("backend", 80);

        mesh.owner.advance(Duration.ofSeconds(1));

        assertThat(backend.pick()).isEqualTo(PassThrough.NO_CONTROL_PLANE);
        mesh.tell(cluster(ready(1)));
        assertThat(backend.pick()).isInstanceOf(Subchannel.class);
    }

    @Test
    void goesWhereItWasGoingWithoutAControlPlane() {
        assertThat(mesh.lookup("backend", 80).pick()).isEqualTo(PassThrough.NO_CONTROL_PLANE);
    }

    @Test
    void goesWhereItWasGoingForAnUnknownServiceUntilItAppears() {
        mesh.connect();
        Destination backend = mesh.lookup("backend", 80);

        mesh.tellAbsent(NAME);
        assertThat(backend.pick()).isEqualTo(PassThrough.UNKNOWN_SERVICE);
        assertThat(mesh.discovery.asked()).containsExactly(NAME);

        mesh.tell(cluster(ready(1)));
        assertThat(backend.pick()).isInstanceOf(Subchannel.class);
    }

    @Test
    void goesWhereItWasGoingWithoutAnyEndpointAndBackAgain() {
        Destination backend = mesh.backend(ready(1));
        mesh.tell(cluster());
        assertThat(backend.pick()).isEqualTo(PassThrough.NO_ENDPOINTS);

        mesh.tell(cluster(ready(2)));
        assertThat(share(backend, 2)).hasSize(2);
    }

    @Test
    void usesWhatTheDiskRemembersWhileNoControlPlaneAnswers() {
        Destination backend = mesh.balancer.lookup("backend", 80);
        assertThat(backend.pick()).isEqualTo(PickResult.Pending.PENDING);
        // Discovery answers from disk in the turn after it was asked; the first call must not miss it.
        mesh.owner.execute(() -> mesh.balancer.onCluster(NAME, cluster(ready(1)), Duration.ofSeconds(5)));
        mesh.settle();

        assertThat(backend.pick()).isInstanceOf(Subchannel.class);
        assertThat(backend.mayConnect()).isTrue();
    }

    @Test
    void aListFromDiskNeverReplacesOneFromTheStream() {
        Destination backend = mesh.backend(ready(2));

        mesh.tell(NAME, cluster(ready(1)), Duration.ofSeconds(1));

        assertThat(share(backend, 2)).hasSize(2);
    }

    @Test
    void honoursTheMoreCautiousModeOfCallerAndService() {
        Destination backend = mesh.backend(ready(2));

        mesh.tell(cluster(Mesh.inMode(Mode.OBSERVE), ready(2)));
        assertThat(backend.pick()).isEqualTo(PassThrough.MODE_OBSERVE);
        mesh.tell(self(Mode.OFF));
        assertThat(backend.pick()).isEqualTo(PassThrough.MODE_OFF);
        mesh.tell(cluster(ready(2)));
        assertThat(backend.pick()).isEqualTo(PassThrough.MODE_OFF);
        mesh.tell(self(Mode.BALANCE));
        assertThat(backend.pick()).isInstanceOf(Subchannel.class);
    }

    @Test
    void modeOffOfTheProcessWaitsForNothing() {
        var settings = new LoadBalancer.Settings(
                Self.inNamespace("default"), Mode.OFF, Duration.ofSeconds(60), Duration.ofMinutes(30), 1000);
        var off = new Mesh(settings, 1);
        off.connect();

        assertThat(off.lookup("backend", 80).pick()).isEqualTo(PassThrough.MODE_OFF);
    }

    @Test
    void takesOneSubchannelForAnAddressHoweverItIsNamed() {
        Destination byName = mesh.backend(ready(1));
        mesh.tell(self(Mode.BALANCE));
        Destination byVip = mesh.lookup("10.96.0.10", 80);
        assertThat(mesh.discovery.asked()).containsExactly(NAME, Mesh.VIP);
        mesh.tell(Mesh.VIP, cluster(ready(1)));

        assertThat(byVip.pick()).isSameAs(byName.pick()).isInstanceOf(Subchannel.class);
    }

    @Test
    void tellsPoolsOfEndpointsThatGoAndThatTerminate() {
        Destination backend = mesh.backend(ready(3));
        List<String> drained = new ArrayList<>();
        mesh.balancer.onDrained(subchannel -> drained.add(subchannel.toString()));
        Endpoint[] three = ready(3);

        mesh.tell(cluster(three[0], terminating(three[1])));

        assertThat(drained).containsExactlyInAnyOrder("10.0.0.2:8080", "10.0.0.3:8080");
        assertThat(share(backend, 4)).containsOnlyKeys("10.0.0.1:8080");
    }

    @Test
    void usesTerminatingEndpointsThatServeWhenNoOtherIsLeftAndDoesNotDrainThem() {
        Destination backend = mesh.backend(ready(1));
        var subchannel = (Subchannel) backend.pick();

        mesh.tell(cluster(terminating(ready(1)[0])));

        assertThat(backend.pick()).isSameAs(subchannel);
        assertThat(subchannel.draining()).isFalse();
    }

    @Test
    void keepsTheSubchannelOfAnEndpointThatComesBackUnlessItIsAnotherPod() {
        Destination backend = mesh.backend(pod("a"));
        PickResult first = backend.pick();
        mesh.tell(cluster());
        mesh.tell(cluster(pod("a")));
        assertThat(backend.pick()).isSameAs(first);
        assertThat(((Subchannel) first).draining()).isFalse();

        mesh.tell(cluster(pod("b")));

        assertThat(backend.pick()).isNotSameAs(first).isInstanceOf(Subchannel.class);
        assertThat(((Subchannel) first).draining()).isTrue();
    }

    @Test
    void pinsThePodOfAHeadlessService() {
        mesh.connect();
        Destination pinned = mesh.lookup("pod-1.backend", 80);
        // In search order: pod-1 of backend here, then the Service pod-1 in a namespace backend.
        assertThat(mesh.discovery.asked()).containsExactly(NAME, "pod-1.backend.svc.cluster.local:80");
        mesh.tellAbsent("pod-1.backend.svc.cluster.local:80");
        assertThat(pinned.pick()).isEqualTo(PickResult.Pending.PENDING);

        mesh.tell(Mesh.headless(named("10.0.0.1", "pod-0"), named("10.0.0.2", "pod-1")));

        assertThat(share(pinned, 10)).containsOnlyKeys("10.0.0.2:8080");
    }

    @Test
    void takesTheServiceInTheOtherNamespaceWhenNoPodIsCalledLikeIt() {
        mesh.connect();
        Destination other = mesh.lookup("api.backend", 80);
        mesh.tell("api.backend.svc.cluster.local:80", cluster(ready(1)));
        assertThat(other.pick()).isEqualTo(PickResult.Pending.PENDING);

        mesh.tell(Mesh.headless(named("10.0.0.9", "pod-0")));

        assertThat(other.pick()).isInstanceOf(Subchannel.class);
    }

    @Test
    void letsGoOfWhatNobodyAsksForAndWakesItWhenAskedAgain() {
        Destination backend = mesh.backend(ready(1));

        mesh.owner.advance(Duration.ofMinutes(32));
        assertThat(mesh.discovery.asked()).isEmpty();
        assertThat(backend.pick()).isEqualTo(PickResult.Pending.PENDING);
        mesh.settle();
        assertThat(mesh.discovery.asked()).containsExactly(NAME);
        mesh.tell(cluster(ready(1)));
        assertThat(backend.pick()).isInstanceOf(Subchannel.class);
    }

    @Test
    void letsGoOfNothingWhileDisconnected() {
        mesh.backend(ready(1));
        mesh.disconnect();

        mesh.owner.advance(Duration.ofHours(2));

        assertThat(mesh.discovery.asked()).containsExactly(NAME);
    }

    @Test
    void keepsAsMuchAsIsAskedForNowAndThen() {
        Destination backend = mesh.backend(ready(1));
        for (int i = 0; i < 10; i++) {
            mesh.owner.advance(Duration.ofMinutes(20));
            backend.pick();
        }
        assertThat(mesh.discovery.asked()).containsExactly(NAME);
    }

    @Test
    void dropsTheOldestOfTooManyUnknownNames() {
        var settings = new LoadBalancer.Settings(
                Self.inNamespace("default"), Mode.BALANCE, Duration.ofSeconds(60), Duration.ofMinutes(30), 2);
        var small = new Mesh(settings, 1);
        small.connect();
        for (String host : List.of("a", "b", "c")) {
            small.lookup(host, 80);
            small.tellAbsent(host + ".default.svc.cluster.local:80");
        }
        assertThat(small.discovery.asked())
                .containsExactly("b.default.svc.cluster.local:80", "c.default.svc.cluster.local:80");
    }

    @Test
    void keepsABoundedNumberOfHostsAndTheUsedOnesFirst() {
        Destination backend = mesh.backend(ready(1));
        for (int i = 0; i < 30_000; i++) {
            mesh.lookup("www" + i + ".example.com", 443);
            backend.pick();
        }
        var status = mesh.balancer.status();
        mesh.settle();

        assertThat(status.join().destinations()).hasSize(10_000);
        assertThat(backend.pick()).isInstanceOf(Subchannel.class);
        assertThat(mesh.discovery.asked()).containsExactly(NAME);
    }

    @Test
    void opensNoConnectionByAddressOnceTheListIsAMinuteOldAndThereIsAVip() {
        Destination backend = mesh.backend(ready(1));
        mesh.owner.advance(Duration.ofMinutes(10));
        mesh.disconnect();
        mesh.owner.advance(Duration.ofMillis(59_999));
        assertThat(backend.mayConnect()).isTrue();
        mesh.owner.advance(Duration.ofMillis(1));
        assertThat(backend.mayConnect()).isFalse();

        mesh.connect();
        assertThat(backend.mayConnect()).isTrue();
    }

    @Test
    void aListFromDiskCountsFromItsWriting() {
        Destination backend = mesh.lookup("backend", 80);
        mesh.tell(NAME, cluster(ready(1)), Duration.ofSeconds(50));
        assertThat(backend.mayConnect()).isTrue();
        mesh.owner.advance(Duration.ofSeconds(10));
        assertThat(backend.mayConnect()).isFalse();
        mesh.connect();
        assertThat(backend.mayConnect())
                .as("not current before it is told again")
                .isFalse();
        mesh.tell(cluster(ready(1)));
        assertThat(backend.mayConnect()).isTrue();
    }

    @Test
    void keepsTheListWhereThereIsNoVip() {
        mesh.connect();
        Destination backend = mesh.lookup("backend", 80);
        mesh.tell(Mesh.headless(ready(1)));
        mesh.disconnect();
        mesh.owner.advance(Duration.ofHours(1));
        assertThat(backend.mayConnect()).isTrue();
    }

    @Test
    void explainsWhatItDoes() {
        mesh.backend(ready(2));

        var explained = mesh.balancer.explain("backend", 80);
        mesh.settle();

        assertThat(explained).isCompletedWithValueMatching(it -> it.answer().equals("BALANCED"));
        assertThat(explained.join().tried()).containsExactly(new Explanation.Tried(NAME, "", "used"));
        assertThat(explained.join().cluster().orElseThrow().endpoints()).hasSize(2);
        var notOurs = mesh.balancer.explain("localhost", 80);
        mesh.settle();
        assertThat(notOurs.join().answer()).isEqualTo("NOT_OURS");
        var status = mesh.balancer.status();
        mesh.settle();
        assertThat(status.join().clusters()).hasSize(1);
        assertThat(status.join().destinations())
                .extracting(Status.DestinationStatus::answer)
                .containsExactly("BALANCED");
    }

    private static Self self(Mode mode) {
        return new Self(
                "default", "n1", "z1", "", "cluster.local", List.of("10.96.0.0/12"), List.of("192.0.2.1"), mode);
    }

    private static Endpoint terminating(Endpoint endpoint) {
        return new Endpoint(
                endpoint.address(), endpoint.port(), false, true, true, "", "", "", "", List.of(), List.of(), 1);
    }

    private static Endpoint pod(String name) {
        return new Endpoint("10.0.0.1", 8080, true, true, false, "", name, "", "", List.of(), List.of(), 1);
    }

    private static Endpoint named(String address, String hostname) {
        return new Endpoint(address, 8080, true, true, false, hostname, "", "", "", List.of(), List.of(), 1);
    }
}
