package dev.sidestep.balancing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.balancing.EndpointFilter.Rule;
import dev.sidestep.balancing.EndpointFilter.Selection;
import dev.sidestep.model.Endpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** Parity with kube-proxy: {@code CategorizeEndpoints} of Kubernetes' {@code pkg/proxy/topology.go}, for a caller on n1 in z1. */
final class EndpointFilterTest {
    @Test
    void takesAllReadyOnes() {
        assertSelected(Rule.READY, select(ep("a").build(), ep("b").notReady().build(), ep("c").build()), "a", "c");
    }

    @Test
    void takesThoseThatServeWhileTheyTerminateOnlyWhenNoneIsReady() {
        Endpoint leaving = ep("a").terminating(true).build();
        Endpoint gone = ep("b").terminating(false).build();

        assertSelected(
                Rule.TERMINATING, select(leaving, gone, ep("c").notReady().build()), "a");
        assertSelected(Rule.READY, select(leaving, gone, ep("d").build()), "d");
        assertSelected(Rule.NONE, select(gone, ep("c").notReady().build()));
        assertSelected(Rule.NONE, select());
    }

    @Test
    void aTerminatingEndpointIsReadyIfTheSlicePublishesSo() {
        // publishNotReadyAddresses: ready stays true.
        Endpoint published = new Endpoint("a", 80, true, false, true, "", "", "", "", List.of(), List.of(), 1);
        assertSelected(Rule.READY, select(published), "a");
    }

    @Test
    void prefersTheNodeWhenEveryReadyEndpointHasNodeHintsAndOneNamesIt() {
        Endpoint here = ep("a").forNodes("n1").build();
        Endpoint there = ep("b").forNodes("n2").build();

        assertSelected(Rule.SAME_NODE, select(here, there), "a");
        assertSelected(Rule.READY, select(here, there, ep("c").build()), "a", "b", "c");
        assertSelected(Rule.READY, select(there), "b");
        assertSelected(Rule.SAME_NODE, select(here, there, ep("c").notReady().build()), "a");
    }

    @Test
    void prefersTheZoneWhenEveryReadyEndpointHasZoneHintsAndOneNamesIt() {
        Endpoint here = ep("a").forZones("z1").build();
        Endpoint both = ep("b").forZones("z2", "z1").build();
        Endpoint there = ep("c").forZones("z2").build();

        assertSelected(Rule.SAME_ZONE, select(here, both, there), "a", "b");
        assertSelected(Rule.READY, select(here, there, ep("d").build()), "a", "c", "d");
        assertSelected(Rule.READY, select(there), "c");
    }

    @Test
    void fallsFromNodeToZoneToAll() {
        Endpoint sameZone = ep("a").forNodes("n2").forZones("z1").build();
        Endpoint otherZone = ep("b").forNodes("n3").forZones("z2").build();

        assertSelected(Rule.SAME_ZONE, select(sameZone, otherZone), "a");
        assertSelected(
                Rule.SAME_NODE,
                select(
                        sameZone,
                        otherZone,
                        ep("c").forNodes("n1").forZones("z2").build()),
                "c");
    }

    @Test
    void theZoneOfAnEndpointIsNoHint() {
        assertSelected(
                Rule.READY,
                select(ep("a").zone("z1").build(), ep("b").zone("z2").build()),
                "a",
                "b");
    }

    @Test
    void hintsDoNotApplyToTerminatingOnes() {
        Endpoint one = ep("a").terminating(true).forZones("z1").build();
        Endpoint other = ep("b").terminating(true).forZones("z2").build();

        assertSelected(Rule.TERMINATING, select(one, other), "a", "b");
    }

    @Test
    void aCallerThatDoesNotKnowItsPlaceIsNamedByNoHint() {
        Endpoint here = ep("a").forNodes("n1").forZones("z1").build();
        Endpoint there = ep("b").forNodes("n2").forZones("z2").build();

        assertSelected(Rule.READY, EndpointFilter.select(List.of(here, there), false, "", ""), "a", "b");
        assertSelected(Rule.NONE, EndpointFilter.select(List.of(ep("a").build()), true, "", ""));
    }

    @Test
    void localTakesTheReadyOnesOfTheNodeThenItsTerminatingOnesThenNone() {
        Endpoint here = ep("a").node("n1").build();
        Endpoint leavingHere = ep("b").node("n1").terminating(true).build();
        Endpoint there = ep("c").node("n2").build();

        assertSelected(Rule.LOCAL, local(here, leavingHere, there), "a");
        assertSelected(Rule.TERMINATING, local(leavingHere, there), "b");
        assertSelected(Rule.NONE, local(there));
    }

    @Test
    void localIgnoresHints() {
        Endpoint one = ep("a").node("n1").forZones("z2").build();
        Endpoint other = ep("b").node("n1").forZones("z1").build();

        assertSelected(Rule.LOCAL, local(one, other), "a", "b");
    }

    @Test
    void anEndpointInTwoSlicesCountsOnce() {
        assertSelected(Rule.READY, select(ep("a").build(), ep("a").build(), ep("b").build()), "a", "b");
    }

    /** The same rules written as a sentence each, over random lists. */
    @Test
    void agreesWithTheRulesReadOneByOne() {
        long seed = System.nanoTime();
        RandomGenerator random = Mesh.random(seed);
        for (int round = 0; round < 2000; round++) {
            List<Endpoint> endpoints = randomEndpoints(random);
            boolean localOnly = random.nextInt(4) == 0;
            List<Endpoint> candidates = localOnly
                    ? endpoints.stream().filter(it -> it.node().equals("n1")).toList()
                    : endpoints;
            List<Endpoint> ready = candidates.stream().filter(Endpoint::ready).toList();
            boolean node = ready.stream().allMatch(it -> !it.forNodes().isEmpty())
                    && ready.stream().anyMatch(it -> it.forNodes().contains("n1"));
            boolean zone = ready.stream().allMatch(it -> !it.forZones().isEmpty())
                    && ready.stream().anyMatch(it -> it.forZones().contains("z1"));
            List<Endpoint> expected;
            if (ready.isEmpty()) {
                expected = candidates.stream()
                        .filter(it -> it.serving() && it.terminating())
                        .toList();
            } else if (localOnly || !(node || zone)) {
                expected = ready;
            } else {
                expected = ready.stream()
                        .filter(it -> node
                                ? it.forNodes().contains("n1")
                                : it.forZones().contains("z1"))
                        .toList();
            }
            assertThat(EndpointFilter.select(endpoints, localOnly, "n1", "z1").endpoints())
                    .as("seed %d, round %d: %s", seed, round, endpoints)
                    .isEqualTo(expected);
        }
    }

    private static List<Endpoint> randomEndpoints(RandomGenerator random) {
        int hinted = random.nextInt(3);
        int readiness = random.nextInt(3);
        var endpoints = new ArrayList<Endpoint>();
        for (int i = random.nextInt(6); i > 0; i--) {
            var made = ep("e" + i).node("n" + random.nextInt(3)).zone("z" + random.nextInt(3));
            if (hinted > 0 && random.nextInt(8) > 0) {
                made.forNodes("n" + random.nextInt(3));
            }
            if (hinted > 1 && random.nextInt(8) > 0) {
                made.forZones("z" + random.nextInt(3), "z" + random.nextInt(3));
            }
            if (random.nextInt(2) < readiness) {
                made.notReady();
            }
            if (random.nextInt(3) == 0) {
                made.terminating(random.nextBoolean());
            }
            endpoints.add(made.build());
        }
        return endpoints;
    }

    private static Selection select(Endpoint... endpoints) {
        return EndpointFilter.select(List.of(endpoints), false, "n1", "z1");
    }

    private static Selection local(Endpoint... endpoints) {
        return EndpointFilter.select(List.of(endpoints), true, "n1", "z1");
    }

    private static void assertSelected(Rule rule, Selection selection, String... addresses) {
        assertThat(selection.endpoints()).extracting(Endpoint::address).containsExactly(addresses);
        assertThat(selection.rule()).isEqualTo(rule);
    }

    private static EndpointBuilder ep(String address) {
        return new EndpointBuilder(address);
    }

    private static final class EndpointBuilder {
        private final String address;
        private boolean ready = true;
        private boolean serving = true;
        private boolean terminating;
        private String node = "";
        private String zone = "";
        private List<String> forZones = List.of();
        private List<String> forNodes = List.of();

        EndpointBuilder(String address) {
            this.address = address;
        }

        EndpointBuilder notReady() {
            ready = false;
            serving = false;
            return this;
        }

        EndpointBuilder terminating(boolean stillServing) {
            ready = false;
            serving = stillServing;
            terminating = true;
            return this;
        }

        EndpointBuilder node(String name) {
            node = name;
            return this;
        }

        EndpointBuilder zone(String name) {
            zone = name;
            return this;
        }

        EndpointBuilder forNodes(String... names) {
            forNodes = List.of(names);
            return this;
        }

        EndpointBuilder forZones(String... names) {
            forZones = List.of(names);
            return this;
        }

        Endpoint build() {
            return new Endpoint(address, 80, ready, serving, terminating, "", "", node, zone, forZones, forNodes, 1);
        }
    }
}
