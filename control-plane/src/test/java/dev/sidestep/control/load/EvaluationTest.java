package dev.sidestep.control.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.sidestep.control.load.TrafficReport.Computed;
import dev.sidestep.control.load.TrafficReport.Connections;
import dev.sidestep.control.load.TrafficReport.Measured;
import dev.sidestep.control.load.TrafficReport.Pod;
import dev.sidestep.control.load.TrafficReport.Range;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class EvaluationTest {
    private static List<LoadData.Endpoint> pods(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> new LoadData.Endpoint("10.0.0." + i + ":80", "web-" + i))
                .toList();
    }

    /** @param each calls over each of its connections */
    private static LoadData.Client client(String pod, long... each) {
        return client(pod, List.of(), each);
    }

    private static LoadData.Client client(String pod, List<Integer> usable, long... each) {
        Map<Long, Long> connections = new HashMap<>();
        long calls = 0;
        for (int i = 0; i < each.length; i++) {
            connections.put((long) i, each[i]);
            calls += each[i];
        }
        return new LoadData.Client(
                "default",
                pod,
                pod,
                "sidestep-sidecar",
                "observe",
                usable,
                new LoadData.Calls(calls, calls, 0, 0, calls / 100.0),
                each.length,
                connections,
                List.of());
    }

    private static LoadData data(
            int pods, boolean affinity, Map<String, LoadData.Calls> calls, LoadData.Client... clients) {
        return new LoadData(
                600,
                List.of(new LoadData.Service("web.default:80", 90, affinity, pods(pods), calls, List.of(clients))));
    }

    private static TrafficReport.Service evaluate(LoadData... data) {
        return Evaluation.of(List.of(data)).services().get(0);
    }

    private static LoadData.Calls issued(long calls) {
        return new LoadData.Calls(calls, calls, 0, 0, 0);
    }

    @Test
    void oneConnectionKeepsAllItsCallsOnOnePod() {
        Computed computed = evaluate(data(10, false, Map.of(), client("a", 5000)))
                .computed()
                .orElseThrow();

        assertThat(computed.calls()).isEqualTo(5000);
        assertThat(computed.kubeProxy().busiest()).isEqualTo(new Range(10, 10, 10));
        assertThat(computed.kubeProxy().idlePods()).isEqualTo(new Range(9, 9, 9));
        assertThat(computed.sidestep().busiest()).isEqualTo(new Range(1, 1, 1));
        assertThat(computed.sidestep().idlePods()).isEqualTo(new Range(0, 0, 0));
    }

    @Test
    void aFewConnectionsLeaveAboutAsManyPodsIdleAsChanceSays() {
        long[] connections = new long[10];
        java.util.Arrays.fill(connections, 100);
        Computed computed = evaluate(data(10, false, Map.of(), client("a", connections)))
                .computed()
                .orElseThrow();

        // Of ten pods, (9/10)^10 of all get none of ten connections: 3.5 on average.
        assertThat(computed.kubeProxy().idlePods().median()).isCloseTo(3.5, within(0.6));
        assertThat(computed.kubeProxy().busiest().median()).isBetween(2.0, 3.0);
        assertThat(computed.kubeProxy().busiest().low())
                .isLessThan(computed.kubeProxy().busiest().high());
    }

    @Test
    void manyShortConnectionsAreSpreadWellByEitherRule() {
        var short1 = new LoadData.Client(
                "default",
                "a",
                "a",
                "sidestep-sidecar",
                "observe",
                List.of(),
                issued(100_000),
                100_000,
                Map.of(),
                List.of(new LoadData.Others(100_000, 100_000)));
        TrafficReport.Service service = evaluate(data(10, false, Map.of(), short1));
        Computed computed = service.computed().orElseThrow();

        assertThat(computed.kubeProxy().busiest().median()).isLessThan(1.05);
        assertThat(computed.kubeProxy().idlePods().high()).isZero();
        assertThat(service.connections()).contains(new Connections(100_000, 100_000, 100_000, 1, 1));
        assertThat(service.notes()).anyMatch(note -> note.startsWith("100000 of the connections"));
    }

    @Test
    void callsInTurnDifferByOneForEachClientAtMost() {
        var clients = new ArrayList<LoadData.Client>();
        for (int i = 0; i < 20; i++) {
            clients.add(client("client-" + i, 13));
        }
        Computed computed = evaluate(data(10, false, Map.of(), clients.toArray(LoadData.Client[]::new)))
                .computed()
                .orElseThrow();

        // 20 clients with one or two calls for each pod: 26 on average, 20 at least and 40 at most.
        assertThat(computed.sidestep().busiest().high()).isLessThanOrEqualTo(40 / 26.0);
        assertThat(computed.sidestep().idlePods().high()).isZero();
    }

    @Test
    void aClientCallsOnlyThePodsThatTheRulesLetItUse() {
        Computed computed = evaluate(data(4, false, Map.of(), client("a", List.of(1, 2), 10, 10, 10, 10, 10, 10)))
                .computed()
                .orElseThrow();

        assertThat(computed.kubeProxy().idlePods().low()).isEqualTo(2);
        assertThat(computed.sidestep().idlePods()).isEqualTo(new Range(2, 2, 2));
        assertThat(computed.sidestep().busiest()).isEqualTo(new Range(2, 2, 2));
    }

    @Test
    void affinityKeepsAClientOnOnePodByEitherRule() {
        TrafficReport.Service service = evaluate(data(5, true, Map.of(), client("a", 10, 10, 10)));
        Computed computed = service.computed().orElseThrow();

        assertThat(computed.kubeProxy().idlePods()).isEqualTo(new Range(4, 4, 4));
        assertThat(computed.sidestep().idlePods()).isEqualTo(new Range(4, 4, 4));
        assertThat(service.notes()).anyMatch(note -> note.startsWith("sessionAffinity"));
    }

    @Test
    void theSameMeasurementsGiveTheSameAnswer() {
        LoadData data = data(7, false, Map.of(), client("a", 3, 1, 4, 1, 5), client("b", 9, 2, 6));

        assertThat(evaluate(data)).isEqualTo(evaluate(data));
    }

    @Test
    void whatWasReallySpreadIsMeasuredByPod() {
        Map<String, LoadData.Calls> calls =
                Map.of("10.0.0.0:80", issued(30), "10.0.0.1:80", issued(10), "10.0.0.9:80", issued(99), "", issued(7));

        TrafficReport.Service service = evaluate(data(4, false, calls, client("a")));

        Measured measured = service.measured().orElseThrow();
        assertThat(measured.calls()).isEqualTo(40);
        assertThat(measured.busiest()).isEqualTo(3);
        assertThat(measured.idlePods()).isEqualTo(2);
        assertThat(measured.byPod().get(0)).isEqualTo(new Pod("web-0", 30));
    }

    @Test
    void aClientThatWentToAnotherReplicaIsOne() {
        TrafficReport.Service service = evaluate(
                data(3, false, Map.of("10.0.0.0:80", issued(5)), client("a", 10, 20)),
                data(3, false, Map.of("10.0.0.0:80", issued(6)), client("a", 5), client("b", 1)));

        assertThat(service.clients()).isEqualTo(2);
        assertThat(service.calls()).isEqualTo(36);
        assertThat(service.meanMillis()).isCloseTo(10, within(1e-6));
        assertThat(service.connections()).contains(new Connections(3, 4, 36, 12, 20));
        assertThat(service.measured().orElseThrow().calls()).isEqualTo(11);
    }

    @Test
    void callsOnConnectionsThatNobodyKnowsAreInNothingComputed() {
        var agent = new LoadData.Client(
                "default", "a", "a", "sidestep-agent", "balance", List.of(), issued(50), 0, Map.of(), List.of());

        TrafficReport.Service service = evaluate(data(3, false, Map.of("10.0.0.0:80", issued(50)), agent));

        assertThat(service.calls()).isEqualTo(50);
        assertThat(service.connections()).isEmpty();
        assertThat(service.computed()).isEmpty();
        assertThat(service.notes())
                .containsExactly("50 calls of 1 sidestep-agent are in nothing computed:"
                        + " on which connections they would have gone is not known");
    }

    @Test
    void withoutAPodNothingIsComputed() {
        TrafficReport.Service service = evaluate(data(0, false, Map.of(), client("a", 5)));

        assertThat(service.computed()).isEmpty();
        assertThat(service.notes()).containsExactly("no pod may be called now, so that nothing is computed");
    }
}
