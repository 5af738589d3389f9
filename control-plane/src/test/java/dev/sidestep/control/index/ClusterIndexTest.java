package dev.sidestep.control.index;

import static dev.sidestep.control.index.Objects.backend;
import static dev.sidestep.control.index.Objects.ready;
import static dev.sidestep.control.index.Objects.service;
import static dev.sidestep.control.index.Objects.slice;
import static dev.sidestep.control.index.Objects.sliceKey;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.concurrent.VirtualTimeExecutor;
import dev.sidestep.control.index.IndexListener.Touched;
import dev.sidestep.control.index.ObjectKey.Kind;
import dev.sidestep.model.Cluster;
import dev.sidestep.model.Endpoint;
import dev.sidestep.model.Mode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ClusterIndexTest {
    private static final Duration WINDOW = Duration.ofMillis(100);
    private static final String WEB = "web.default.svc.cluster.local:80";

    private final VirtualTimeExecutor owner = new VirtualTimeExecutor();
    private final Problems problems = new Problems(owner);
    private final List<Touched> touched = new ArrayList<>();
    private final ClusterIndex index = new ClusterIndex(owner, problems, WINDOW);

    @BeforeEach
    void listen() {
        index.listen(touched::add);
        owner.run(index::synced);
    }

    private void put(Item... items) {
        apply(Arrays.stream(items).map(Change::put).toArray(Change[]::new));
    }

    private void apply(Change... changes) {
        owner.run(() -> index.apply(List.of(changes)));
    }

    private Optional<Cluster> lookup(String name) {
        var found = new ArrayList<Cluster>();
        owner.run(() -> index.lookup(name).ifPresent(published -> found.add(published.cluster())));
        return found.stream().findFirst();
    }

    private List<String> endpointsOf(String name) {
        return lookup(name).orElseThrow().endpoints().stream()
                .map(Endpoint::hostPort)
                .toList();
    }

    @Test
    void answersByNameAndByAddress() {
        put(service("web", "10.96.0.10"), slice("web-1", "web", 8080, ready("10.0.0.1")));

        assertThat(endpointsOf(WEB)).containsExactly("10.0.0.1:8080");
        assertThat(lookup("10.96.0.10:80")).isEqualTo(lookup(WEB));
        assertThat(lookup("10.96.0.10:81")).isEmpty();
        assertThat(touched).hasSize(1);
        assertThat(touched.get(0).names()).containsExactlyInAnyOrder(WEB, "10.96.0.10:80");
    }

    @Test
    void publishesNothingInPartWhileItIsLoaded() {
        var loading = new ClusterIndex(owner, problems, WINDOW);
        loading.listen(touched::add);
        owner.run(() -> loading.apply(List.of(Change.put(service("web")))));
        assertThat(touched).isEmpty();

        owner.run(() -> {
            loading.apply(List.of(Change.put(slice("web-1", "web", 8080, ready("10.0.0.1")))));
            loading.synced();
            assertThat(loading.endpointCount()).isEqualTo(1);
        });
        assertThat(touched).hasSize(1);
    }

    @Test
    void aChangeTouchesOnlyTheServiceItIsAbout() {
        put(service("web", "10.96.0.10"), service("other", "10.96.0.11"));
        owner.advance(WINDOW);
        touched.clear();

        put(slice("web-1", "web", 8080, ready("10.0.0.1")));

        assertThat(touched).hasSize(1);
        assertThat(touched.get(0).names()).containsExactlyInAnyOrder(WEB, "10.96.0.10:80");
    }

    @Test
    void whatIsToldAgainTouchesNothing() {
        put(service("web", "10.96.0.10"), slice("web-1", "web", 8080, ready("10.0.0.1")));
        touched.clear();

        put(slice("web-1", "web", 8080, ready("10.0.0.1")), service("web", "10.96.0.10"));
        owner.advance(WINDOW);

        assertThat(touched).isEmpty();
    }

    @Test
    void anEndpointThatLeavesWaitsForAFifthOfTheWindowOnly() {
        put(service("web"), slice("web-1", "web", 8080, ready("10.0.0.1"), ready("10.0.0.2")));
        owner.advance(Duration.ofMillis(5));
        touched.clear();

        put(slice("web-1", "web", 8080, ready("10.0.0.1"), ready("10.0.0.2"), ready("10.0.0.3")));
        put(slice("web-1", "web", 8080, backend("10.0.0.1", false, true), ready("10.0.0.2"), ready("10.0.0.3")));
        owner.advance(Duration.ofMillis(14));
        assertThat(touched).isEmpty();
        owner.advance(Duration.ofMillis(1));
        assertThat(touched).hasSize(1);
        assertThat(lookup(WEB).orElseThrow().endpoints().get(0).terminating()).isTrue();

        owner.advance(WINDOW);
        assertThat(touched).hasSize(1); // Nothing was left to be told.
    }

    @Test
    void aStormOfEndpointsThatLeaveIsMergedToo() {
        var backends = new SliceItem.Backend[50];
        for (int i = 0; i < 50; i++) {
            backends[i] = ready("10.0.0." + (i + 1));
        }
        put(service("web"), slice("web-1", "web", 8080, backends));
        owner.advance(WINDOW);
        touched.clear();

        for (int i = 0; i < 50; i++) { // One each millisecond.
            backends[i] = backend("10.0.0." + (i + 1), false, true);
            put(slice("web-1", "web", 8080, backends));
            owner.advance(Duration.ofMillis(1));
        }
        owner.advance(WINDOW);

        assertThat(touched).hasSize(4); // At once, and 20, 40 and 60 ms later.
        assertThat(lookup(WEB).orElseThrow().endpoints()).allMatch(Endpoint::terminating);
    }

    @Test
    void theFirstChangeGoesAtOnceAndAStormIsMerged() {
        put(service("web"));
        owner.advance(WINDOW);
        touched.clear();

        for (int i = 1; i <= 50; i++) {
            put(slice("web-" + i, "web", 8080, ready("10.0.0." + i)));
        }
        assertThat(touched).hasSize(1);
        assertThat(endpointsOf(WEB)).containsExactly("10.0.0.1:8080");
        owner.advance(WINDOW.minusMillis(1));
        assertThat(touched).hasSize(1);
        owner.advance(Duration.ofMillis(1));
        assertThat(touched).hasSize(2);
        assertThat(endpointsOf(WEB)).hasSize(50);

        owner.advance(WINDOW);
        put(slice("web-51", "web", 8080, ready("10.0.0.51")));
        assertThat(touched).hasSize(3);
    }

    @Test
    void mergesSlicesAndTakesTheReadyCopyOfAnEndpointThatIsInTwo() {
        put(
                service("web"),
                slice("web-1", "web", 8080, backend("10.0.0.1", false, true), ready("10.0.0.2")),
                slice("web-2", "web", 8080, ready("10.0.0.1"), ready("10.0.0.3")));

        assertThat(endpointsOf(WEB)).containsExactly("10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080");
        assertThat(lookup(WEB).orElseThrow().endpoints()).allMatch(Endpoint::ready);
    }

    @Test
    void aSliceHasItsOwnTargetPortAndAnOpenOneIsTheServices() {
        put(
                service("web"),
                slice("web-1", "web", 8080, ready("10.0.0.1")),
                slice("web-2", "web", 9090, ready("10.0.0.2")),
                slice("web-3", "web", 0, ready("10.0.0.3")));

        assertThat(endpointsOf(WEB)).containsExactly("10.0.0.1:8080", "10.0.0.2:9090", "10.0.0.3:8080");
    }

    @Test
    void joinsPortsByName() {
        var ports = List.of(new ServiceItem.Port("a", 80, 80, ""), new ServiceItem.Port("b", 81, 81, ""));
        var slice = new SliceItem(
                sliceKey("web-1"),
                "web",
                List.of(new SliceItem.Subset(
                        List.of(new SliceItem.Port("a", 8080), new SliceItem.Port("c", 8082)),
                        List.of(ready("10.0.0.1")))));
        put(service("web", List.of(), ports, Map.of()), slice);

        assertThat(endpointsOf(WEB)).containsExactly("10.0.0.1:8080");
        assertThat(endpointsOf("web.default.svc.cluster.local:81")).isEmpty();
    }

    @Test
    void aDualStackPodIsOneEndpoint() {
        put(
                service("web"),
                slice("web-4", "web", 8080, backend("10.0.0.1", true, false, "a")),
                slice(
                        "web-6",
                        "web",
                        8080,
                        backend("fd00:0:0:0:0:0:0:1", true, false, "a"),
                        backend("fd00:0:0:0:0:0:0:2", true, false, "b")));

        assertThat(endpointsOf(WEB)).containsExactly("10.0.0.1:8080", "[fd00:0:0:0:0:0:0:2]:8080");
    }

    @Test
    void endpointsAreUsedOnlyWhereThereIsNoSlice() {
        var key = new ObjectKey(Kind.ENDPOINTS, "default", "web");
        var endpoints = new SliceItem(
                key, "web", slice("x", "web", 8080, ready("10.0.0.9")).subsets());
        put(service("web"), endpoints);
        assertThat(endpointsOf(WEB)).containsExactly("10.0.0.9:8080");

        owner.advance(WINDOW);
        put(slice("web-1", "web", 8080, ready("10.0.0.1")));
        assertThat(endpointsOf(WEB)).containsExactly("10.0.0.1:8080");

        owner.advance(WINDOW);
        apply(Change.removed(sliceKey("web-1")));
        assertThat(endpointsOf(WEB)).containsExactly("10.0.0.9:8080");
    }

    @Test
    void aSliceThatIsRelabelledLeavesItsFirstService() {
        put(service("web"), service("other"), slice("s", "web", 8080, ready("10.0.0.1")));
        owner.advance(WINDOW);

        put(slice("s", "other", 8080, ready("10.0.0.1")));

        assertThat(endpointsOf(WEB)).isEmpty();
        assertThat(endpointsOf("other.default.svc.cluster.local:80")).containsExactly("10.0.0.1:8080");
    }

    @Test
    void anAddressThatMovesIsAnsweredByItsNewService() {
        put(service("web", "10.96.0.10"), service("other"));
        owner.advance(WINDOW);
        touched.clear();

        put(service("web"), service("other", "10.96.0.10"));

        assertThat(lookup("10.96.0.10:80").orElseThrow().name().service()).isEqualTo("other");
        assertThat(touched.get(0).names()).contains("10.96.0.10:80");
        assertThat(touched.get(0).surroundings()).isTrue();
    }

    @Test
    void aVipCountsBeforeSomebodysExternalAddress() {
        ServiceItem honest = service("web", "10.96.0.10");
        ServiceItem claimant = new ServiceItem(
                new ObjectKey(Kind.SERVICE, "default", "a"),
                true,
                false,
                List.of(),
                List.of("10.96.0.10"),
                List.of(),
                honest.ports(),
                false,
                Optional.empty(),
                Map.of());
        put(claimant, honest);

        assertThat(lookup("10.96.0.10:80").orElseThrow().name().service()).isEqualTo("web");
    }

    private static ServiceItem nodePort(String name, int nodePort) {
        return service(
                name, List.of("10.96.0.10"), List.of(new ServiceItem.Port("", 80, 8080, "", nodePort)), Map.of());
    }

    private static Item.NodeItem node(String name, String... addresses) {
        return new Item.NodeItem(ObjectKey.node(name), "z1", "r1", List.of(addresses));
    }

    @Test
    void aNodePortIsAnsweredOnEveryNodesAddress() {
        put(nodePort("web", 30080), node("n1", "192.168.0.1", "fd00:0:0:0:0:0:0:1"));

        assertThat(lookup("192.168.0.1:30080").orElseThrow().name().service()).isEqualTo("web");
        assertThat(lookup("[fd00:0:0:0:0:0:0:1]:30080")).isPresent();
        assertThat(lookup("192.168.0.1:80")).isEmpty();
        assertThat(lookup("192.168.0.2:30080")).isEmpty();
        owner.run(() -> assertThat(index.serviceAddresses()).contains("192.168.0.1"));
        assertThat(touched.get(touched.size() - 1).surroundings()).isTrue();

        touched.clear();
        put(node("n2", "192.168.0.2"));
        assertThat(lookup("192.168.0.2:30080")).isPresent();
        assertThat(touched).singleElement().satisfies(it -> {
            assertThat(it.nodePorts()).containsExactly(30080);
            assertThat(it.surroundings()).isTrue();
        });

        apply(Change.removed(ObjectKey.node("n1")));
        assertThat(lookup("192.168.0.1:30080")).isEmpty();
    }

    @Test
    void aNodePortThatMovesTouchesBoth() {
        put(nodePort("web", 30080), node("n1", "192.168.0.1"));
        owner.advance(WINDOW);
        touched.clear();

        put(nodePort("web", 30081));
        assertThat(touched.get(0).nodePorts()).containsExactlyInAnyOrder(30080, 30081);
        assertThat(lookup("192.168.0.1:30080")).isEmpty();
        assertThat(lookup("192.168.0.1:30081")).isPresent();

        apply(Change.removed(service("web").key()));
        owner.advance(WINDOW);
        assertThat(lookup("192.168.0.1:30081")).isEmpty();
        owner.run(() -> assertThat(index.serviceAddresses()).isEmpty());
    }

    @Test
    void nodesAreNobodysBusinessWithoutNodePorts() {
        put(service("web", "10.96.0.10"));
        owner.advance(WINDOW);
        touched.clear();

        put(node("n1", "192.168.0.1"));

        assertThat(touched).isEmpty();
        owner.run(() -> assertThat(index.serviceAddresses()).containsExactly("10.96.0.10"));
    }

    @Test
    void anInternalPolicyDoesNotLimitWhoIsReachedByAnExternalAddress() {
        ServiceItem web = service("web", "10.96.0.10");
        put(new ServiceItem(
                web.key(),
                true,
                false,
                web.clusterIps(),
                List.of("203.0.113.1"),
                List.of(),
                web.ports(),
                true,
                Optional.empty(),
                Map.of()));

        assertThat(lookup("10.96.0.10:80")).isPresent();
        assertThat(lookup("203.0.113.1:80")).isEmpty(); // kube-proxy knows better.
    }

    @Test
    void aNamespacesAnnotationsReachItsServices() {
        put(service("web"));
        owner.advance(WINDOW);
        put(new Item.NamespaceItem(
                ObjectKey.namespace("default"), Map.of(), Objects.annotations("mode", "off", "balancer", "x")));

        assertThat(lookup(WEB).orElseThrow().policy().mode()).isEqualTo(Mode.OFF);
        owner.run(() -> {
            assertThat(problems.all()).singleElement().asString().startsWith("Namespace default: annotation");
        });

        owner.advance(WINDOW);
        apply(Change.removed(ObjectKey.namespace("default")));
        assertThat(lookup(WEB).orElseThrow().policy().mode()).isEqualTo(Mode.BALANCE);
        owner.run(() -> assertThat(problems.all()).isEmpty());
    }

    @Test
    void forgetsWhatIsGone() {
        put(service("web", "10.96.0.10"), slice("web-1", "web", 8080, ready("10.0.0.1")));
        owner.advance(WINDOW);
        apply(Change.removed(service("web").key()), Change.removed(sliceKey("web-1")));

        assertThat(lookup(WEB)).isEmpty();
        assertThat(lookup("10.96.0.10:80")).isEmpty();
        owner.run(() -> {
            assertThat(index.serviceAddresses()).isEmpty();
            assertThat(index.serviceCount()).isZero();
        });
    }

    private SliceItem sliceOf(String name, int from, int to, boolean ready, boolean terminating) {
        return slice(
                name,
                "web",
                8080,
                IntStream.range(from, to)
                        .mapToObj(i -> backend("10.0.0." + i, ready, terminating))
                        .toArray(SliceItem.Backend[]::new));
    }

    private AtomicInteger guarded() {
        var rechecks = new AtomicInteger();
        index.confirmRemovals(rechecks::incrementAndGet);
        put(service("web"), sliceOf("web-1", 0, 2, true, false), sliceOf("web-2", 2, 10, true, false));
        owner.advance(WINDOW);
        touched.clear();
        return rechecks;
    }

    @Test
    void aLostSliceWaitsForAFreshListAndComesBackUnnoticed() {
        AtomicInteger rechecks = guarded();

        apply(Change.removed(sliceKey("web-2")));
        assertThat(rechecks).hasValue(1);
        assertThat(touched).isEmpty();
        put(sliceOf("web-2", 2, 10, true, false));
        owner.run(index::removalsConfirmed);
        owner.advance(Duration.ofSeconds(10));

        assertThat(touched).isEmpty();
        assertThat(endpointsOf(WEB)).hasSize(10);
    }

    @Test
    void whatAFreshListConfirmsIsGoneAtOnce() {
        guarded();

        apply(Change.removed(sliceKey("web-2")));
        owner.advance(Duration.ofMillis(200));
        assertThat(endpointsOf(WEB)).hasSize(10);
        owner.run(index::removalsConfirmed);
        assertThat(endpointsOf(WEB)).hasSize(2);
        assertThat(touched).hasSize(1);
    }

    @Test
    void aDoubtfulRemovalWaitsTwoSecondsAtMost() {
        guarded();

        apply(Change.removed(sliceKey("web-2")));
        owner.advance(Duration.ofMillis(1999));
        assertThat(endpointsOf(WEB)).hasSize(10);
        owner.advance(Duration.ofMillis(1));
        assertThat(endpointsOf(WEB)).hasSize(2);
    }

    @Test
    void podsThatTerminateFirstAreNoDoubtfulRemoval() {
        AtomicInteger rechecks = guarded();

        put(sliceOf("web-2", 2, 10, false, true));
        owner.advance(WINDOW);
        apply(Change.removed(sliceKey("web-2")));
        owner.advance(WINDOW);

        assertThat(endpointsOf(WEB)).hasSize(2);
        assertThat(rechecks).hasValue(0);
    }

    @Test
    void aServiceThatIsDeletedOrLeadsElsewhereIsNoDoubtfulRemoval() {
        AtomicInteger rechecks = guarded();

        put(sliceOf("web-2", 20, 28, true, false));
        assertThat(endpointsOf(WEB)).hasSize(10).contains("10.0.0.20:8080");
        owner.advance(WINDOW);
        apply(Change.removed(service("web").key()));
        assertThat(lookup(WEB)).isEmpty();
        assertThat(rechecks).hasValue(0);
    }

    /** Whatever the order and the grouping of events, the outcome is that of the last state told at once. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void isAfterAnyEventsWhatItWouldBeFromScratch(long seed) {
        var random = new Random(seed);
        var last = new TreeMap<String, Item>();
        var known = new TreeMap<String, Cluster>();
        for (int step = 0; step < 400; step++) {
            Change change = randomChange(random);
            last.remove(change.key().toString());
            change.item().ifPresent(item -> last.put(change.key().toString(), item));
            touched.clear();
            apply(change);
            if (random.nextInt(3) == 0) {
                owner.advance(Duration.ofMillis(random.nextInt(150)));
            }
            // A listener that looks up no more than what it is told has to know everything.
            for (Touched told : touched) {
                for (String name : told.names()) {
                    known.remove(name);
                    lookup(name).ifPresent(cluster -> known.put(name, cluster));
                }
            }
        }
        touched.clear();
        owner.advance(WINDOW);
        touched.forEach(told -> told.names().forEach(name -> {
            known.remove(name);
            lookup(name).ifPresent(cluster -> known.put(name, cluster));
        }));

        var fresh = new ClusterIndex(owner, new Problems(owner), WINDOW);
        owner.run(() -> {
            fresh.apply(last.values().stream().map(Change::put).toList());
            fresh.synced();
            assertThat(byName(index.clusters())).as("seed %d", seed).isEqualTo(byName(fresh.clusters()));
            assertThat(index.serviceAddresses()).isEqualTo(fresh.serviceAddresses());
            known.forEach((name, cluster) -> assertThat(fresh.lookup(name).map(ClusterIndex.Published::cluster))
                    .contains(cluster));
            fresh.clusters()
                    .forEach(published -> assertThat(known)
                            .containsKey(published.cluster().name().value()));
        });
    }

    private static Map<String, Cluster> byName(Collection<ClusterIndex.Published> clusters) {
        var byName = new TreeMap<String, Cluster>();
        clusters.forEach(published -> byName.put(published.cluster().name().value(), published.cluster()));
        return byName;
    }

    private static Change randomChange(Random random) {
        String service = "s" + random.nextInt(3);
        boolean removed = random.nextInt(4) == 0;
        switch (random.nextInt(6)) {
            case 0 -> {
                String[] vips = random.nextBoolean() ? new String[] {"10.96.0." + random.nextInt(3)} : new String[0];
                ServiceItem item = service(service, vips);
                return removed ? Change.removed(item.key()) : Change.put(item);
            }
            case 1 -> {
                var item = new Item.NamespaceItem(
                        ObjectKey.namespace("default"),
                        Map.of(),
                        random.nextBoolean() ? Objects.annotations("mode", "observe") : Map.of());
                return removed ? Change.removed(item.key()) : Change.put(item);
            }
            default -> {
                var backends = new SliceItem.Backend[random.nextInt(4)];
                Arrays.setAll(
                        backends,
                        i -> backend("10.0.0." + random.nextInt(5), random.nextBoolean(), random.nextBoolean()));
                SliceItem item = slice("slice" + random.nextInt(5), service, 8080 + random.nextInt(2), backends);
                return removed ? Change.removed(item.key()) : Change.put(item);
            }
        }
    }
}
