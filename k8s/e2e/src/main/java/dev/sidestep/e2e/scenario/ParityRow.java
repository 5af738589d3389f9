package dev.sidestep.e2e.scenario;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One Service of the parity table.
 *
 * @param expected who answers by Kubernetes' rules; kube-proxy is asked too
 * @param local {@code internalTrafficPolicy: Local}
 * @param sticky {@code sessionAffinity: ClientIP}
 */
record ParityRow(
        String name,
        String about,
        Set<String> expected,
        boolean local,
        boolean sticky,
        boolean publishNotReady,
        List<List<Member>> slices) {
    private static final int PORT = 80;
    private static final int OTHER_PORT = 8080;

    /** One endpoint as its slice has it; null is "not said". */
    record Member(
            String pod,
            @Nullable Boolean ready,
            @Nullable Boolean serving,
            @Nullable Boolean terminating,
            @Nullable String node,
            @Nullable String zone,
            List<String> forZones,
            List<String> forNodes,
            int targetPort) {
        static Member ready(String pod) {
            return conditions(pod, true, true, false);
        }

        static Member conditions(
                String pod, @Nullable Boolean ready, @Nullable Boolean serving, @Nullable Boolean terminating) {
            return new Member(pod, ready, serving, terminating, null, null, List.of(), List.of(), PORT);
        }

        Member at(@Nullable String newNode, @Nullable String newZone) {
            return new Member(pod, ready, serving, terminating, newNode, newZone, forZones, forNodes, targetPort);
        }

        Member forZones(String... zones) {
            return new Member(pod, ready, serving, terminating, node, zone, List.of(zones), forNodes, targetPort);
        }

        Member forNodes(String... nodes) {
            return new Member(pod, ready, serving, terminating, node, zone, forZones, List.of(nodes), targetPort);
        }

        Member targetPort(int port) {
            return new Member(pod, ready, serving, terminating, node, zone, forZones, forNodes, port);
        }
    }

    private static ParityRow row(String name, String about, Set<String> expected, Member... members) {
        return new ParityRow(
                name,
                about,
                expected,
                false,
                false,
                false,
                members.length == 0 ? List.of() : List.of(List.of(members)));
    }

    private ParityRow withLocal() {
        return new ParityRow(name, about, expected, true, sticky, publishNotReady, slices);
    }

    private ParityRow withSticky() {
        return new ParityRow(name, about, expected, local, true, publishNotReady, slices);
    }

    private ParityRow withPublishNotReady() {
        return new ParityRow(name, about, expected, local, sticky, true, slices);
    }

    private ParityRow withSlices(List<Member> first, List<Member> second) {
        return new ParityRow(name, about, expected, local, sticky, publishNotReady, List.of(first, second));
    }

    private static Member ready(String pod) {
        return Member.ready(pod);
    }

    private static Member not(String pod) {
        return Member.conditions(pod, false, false, false);
    }

    private static Member ending(String pod, boolean serving) {
        return Member.conditions(pod, false, serving, true);
    }

    /** @param here the node of all pods, {@code zone} its zone */
    static List<ParityRow> all(String here, String zone) {
        String far = "zone-nowhere";
        return List.of(
                row("all-ready", "all ready", Set.of("a", "b", "c"), ready("a"), ready("b"), ready("c")),
                row("one-unready", "one not ready", Set.of("a", "b"), ready("a"), ready("b"), not("c")),
                row(
                        "unsaid",
                        "conditions not said: ready",
                        Set.of("a", "b"),
                        Member.conditions("a", null, null, null),
                        Member.conditions("b", null, null, null),
                        not("c")),
                row("none-ready", "none ready", Set.of(), not("a"), not("b")),
                row("no-slice", "no slice at all", Set.of()),
                row(
                        "one-ending",
                        "one terminating beside ready ones",
                        Set.of("a", "b"),
                        ready("a"),
                        ready("b"),
                        ending("c", true)),
                row(
                        "all-ending",
                        "all terminating: the serving ones",
                        Set.of("a", "b"),
                        ending("a", true),
                        ending("b", true),
                        ending("c", false)),
                row(
                        "ending-unserving",
                        "all terminating, none serving",
                        Set.of(),
                        ending("a", false),
                        ending("b", false)),
                row(
                        "hints",
                        "hints for our zone at all",
                        Set.of("a", "b"),
                        ready("a").forZones(zone),
                        ready("b").forZones(zone, far),
                        ready("c").forZones(far)),
                row(
                        "hint-missing",
                        "a hint missing at one: no hint counts",
                        Set.of("a", "b", "c"),
                        ready("a").forZones(zone),
                        ready("b"),
                        ready("c").forZones(far)),
                row(
                        "hints-elsewhere",
                        "no hint for our zone: no hint counts",
                        Set.of("a", "b"),
                        ready("a").forZones(far),
                        ready("b").forZones(far)),
                row(
                        "hints-unready",
                        "the hinted one is not ready",
                        Set.of("b", "c"),
                        not("a").forZones(zone),
                        ready("b").forZones(far),
                        ready("c").forZones(far)),
                row(
                        "node-hints",
                        "hints for our node",
                        Set.of("a"),
                        ready("a").at(here, zone).forZones(zone).forNodes(here),
                        ready("b").at("elsewhere", zone).forZones(zone).forNodes("elsewhere"),
                        ready("c").at("elsewhere", far).forZones(far).forNodes("elsewhere")),
                row(
                                "local",
                                "internalTrafficPolicy Local",
                                Set.of("a"),
                                ready("a").at(here, zone),
                                ready("b").at("elsewhere", zone),
                                ready("c").at(null, null))
                        .withLocal(),
                row(
                                "local-none",
                                "internalTrafficPolicy Local, none here",
                                Set.of(),
                                ready("a").at("elsewhere", zone),
                                ready("b").at("elsewhere", far))
                        .withLocal(),
                row(
                                "local-ending",
                                "internalTrafficPolicy Local, only terminating ones here",
                                Set.of("a"),
                                ending("a", true).at(here, zone),
                                ready("b").at("elsewhere", zone))
                        .withLocal(),
                row("two-ports", "two slices with a target port each", Set.of("a", "b", "c"))
                        .withSlices(
                                List.of(ready("a")),
                                List.of(
                                        ready("b").targetPort(OTHER_PORT),
                                        ready("c").targetPort(OTHER_PORT))),
                row("twice", "the same address in two slices", Set.of("a", "b"))
                        .withSlices(List.of(ready("a")), List.of(ready("a"), ready("b"))),
                row(
                                "publish-not-ready",
                                "publishNotReadyAddresses, as the controller writes it",
                                Set.of("a", "b"),
                                ready("a"),
                                Member.conditions("b", true, false, false))
                        .withPublishNotReady(),
                row("sticky", "sessionAffinity ClientIP", Set.of("a", "b", "c"), ready("a"), ready("b"), ready("c"))
                        .withSticky());
    }
}
