package dev.sidestep.e2e.scenario;

import dev.sidestep.e2e.Await;
import dev.sidestep.e2e.Calls;
import dev.sidestep.e2e.Cluster;
import dev.sidestep.e2e.LoadClient;
import dev.sidestep.e2e.LoadSpec;
import dev.sidestep.e2e.Scenario;
import dev.sidestep.e2e.Stage;
import dev.sidestep.e2e.Stage.Placement;
import dev.sidestep.e2e.scenario.ParityRow.Member;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Services without a selector, with slices written by hand, addresses of real pods in them: the set of pods that answers
 * through kube-proxy is the set that answers through Sidestep, row by row.
 */
final class Parity implements Scenario {
    /** A pod of three that is not met by so many connections at random: one in 10^17. */
    private static final int CALLS = 100;

    private static final int PER_SECOND = 50;
    private static final Duration SETTLE = Duration.ofSeconds(3);

    @Override
    public Title title() {
        return new Title("parity", "which pods answer: kube-proxy and Sidestep, row by row", false, Set.of());
    }

    @Override
    public void play(Stage stage) throws Exception {
        String namespace = stage.namespace();
        Cluster cluster = stage.cluster();
        Map<String, String> addresses = new LinkedHashMap<>();
        List<String> pods = List.of("a", "b", "c");
        for (String pod : pods) {
            stage.apply(namespace, "parity.yaml", Map.of("name", pod));
        }
        List<LoadClient> clients = stage.clients(namespace, Placement.PLAIN, Placement.SIDECAR, Placement.AGENT);
        for (String pod : pods) {
            cluster.awaitReady(namespace, pod);
            addresses.put(
                    pod, cluster.pod(namespace, pod).orElseThrow().getStatus().getPodIP());
        }
        var node = cluster.api().nodes().list().getItems().get(0).getMetadata();
        List<ParityRow> rows =
                ParityRow.all(node.getName(), node.getLabels().getOrDefault("topology.kubernetes.io/zone", "zone-a"));
        for (ParityRow row : rows) {
            create(cluster, namespace, row, addresses);
        }
        Await.pause(SETTLE);
        Map<String, Map<String, Calls>> seen = new LinkedHashMap<>();
        for (ParityRow row : rows) {
            List<LoadClient.Running> loads =
                    clients.stream().map(each -> each.start(spec(row, each))).toList();
            Await.pause(Duration.ofMillis(1000L * CALLS / PER_SECOND));
            Map<String, Calls> answers = new LinkedHashMap<>();
            loads.forEach(each -> answers.put(each.client().placement(), each.stop()));
            seen.put(row.name(), answers);
        }
        rows.forEach(row -> tell(stage, row, seen.getOrDefault(row.name(), Map.of())));
    }

    /** kube-proxy chooses per connection, so each of its calls needs one; what is ours chooses per request. */
    private static LoadSpec spec(ParityRow row, LoadClient client) {
        LoadSpec spec =
                LoadSpec.http("http://" + row.name() + "/api", 1, PER_SECOND).withTimeoutMillis(1000);
        return client.placement().startsWith("plain") ? spec.withFreshConnections() : spec;
    }

    private static void tell(Stage stage, ParityRow row, Map<String, Calls> answers) {
        Set<String> plain = answers.getOrDefault("plain", new Calls(List.of())).pods();
        List<String> seen = new ArrayList<>();
        boolean same = true;
        for (Map.Entry<String, Calls> each : answers.entrySet()) {
            Set<String> pods = new TreeSet<>(each.getValue().pods());
            seen.add(each.getKey() + " " + pods);
            // One pod stays with its client; which one is everybody's own choice.
            same &= row.sticky() ? pods.size() == plain.size() : pods.equals(plain);
        }
        boolean asExpected = row.sticky() ? plain.size() == 1 : plain.equals(row.expected());
        stage.findings()
                .check(
                        row.about(),
                        row.sticky() ? "one and the same" : new TreeSet<>(row.expected()).toString(),
                        String.join(", ", seen),
                        same && asExpected);
    }

    private static void create(Cluster cluster, String namespace, ParityRow row, Map<String, String> addresses) {
        var service = new ServiceBuilder()
                .withNewMetadata()
                .withName(row.name())
                .endMetadata()
                .withNewSpec()
                .withInternalTrafficPolicy(row.local() ? "Local" : "Cluster")
                .withSessionAffinity(row.sticky() ? "ClientIP" : "None")
                .withPublishNotReadyAddresses(row.publishNotReady())
                .addNewPort()
                .withName("http")
                .withPort(80)
                .withNewTargetPort("http")
                .endPort()
                .endSpec()
                .build();
        cluster.api().services().inNamespace(namespace).resource(service).create();
        int number = 0;
        for (List<Member> members : row.slices()) {
            cluster.api()
                    .resource(slice(namespace, row, ++number, members, addresses))
                    .create();
        }
    }

    private static EndpointSlice slice(
            String namespace, ParityRow row, int number, List<Member> members, Map<String, String> addresses) {
        var slice = new EndpointSliceBuilder()
                .withNewMetadata()
                .withName(row.name() + "-" + number)
                .withNamespace(namespace)
                .addToLabels("kubernetes.io/service-name", row.name())
                .addToLabels("endpointslice.kubernetes.io/managed-by", "sidestep-e2e")
                .endMetadata()
                .withAddressType("IPv4")
                .addNewPort()
                .withName("http")
                .withPort(members.get(0).targetPort())
                .withProtocol("TCP")
                .endPort();
        for (Member member : members) {
            var endpoint = new EndpointBuilder()
                    .withAddresses(addresses.get(member.pod()))
                    .withNewConditions()
                    .withReady(member.ready())
                    .withServing(member.serving())
                    .withTerminating(member.terminating())
                    .endConditions()
                    .withNodeName(member.node())
                    .withZone(member.zone());
            if (!member.forZones().isEmpty() || !member.forNodes().isEmpty()) {
                var hints = endpoint.withNewHints();
                member.forZones().forEach(zone -> hints.addNewForZone(zone));
                member.forNodes().forEach(node -> hints.addNewForNode(node));
                hints.endHints();
            }
            slice.addToEndpoints(endpoint.build());
        }
        return slice.build();
    }
}
