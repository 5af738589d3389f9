package dev.sidestep.control.load;

import dev.sidestep.control.load.TrafficReport.Computed;
import dev.sidestep.control.load.TrafficReport.Connections;
import dev.sidestep.control.load.TrafficReport.Measured;
import dev.sidestep.control.load.TrafficReport.Pod;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** From what the replicas measured to a {@link TrafficReport}. Pure. */
public final class Evaluation {
    private Evaluation() {}

    /**
     * What {@code data}, one of each replica that was asked, say together. A client that went from one replica to another
     * reported to both; its counts are added up.
     */
    public static TrafficReport of(List<LoadData> data) {
        Map<String, List<LoadData.Service>> byName = new TreeMap<>();
        data.forEach(replica -> replica.services()
                .forEach(service -> byName.computeIfAbsent(service.name(), name -> new ArrayList<>())
                        .add(service)));
        return new TrafficReport(
                data.size(), byName.values().stream().map(Evaluation::service).toList());
    }

    private static TrafficReport.Service service(List<LoadData.Service> parts) {
        LoadData.Service latest = parts.get(0);
        List<LoadData.Client> clients = merged(parts);
        long issued =
                clients.stream().mapToLong(client -> client.calls().issued()).sum();
        long succeeded =
                clients.stream().mapToLong(client -> client.calls().succeeded()).sum();
        long failed =
                clients.stream().mapToLong(client -> client.calls().failed()).sum();
        double seconds =
                clients.stream().mapToDouble(client -> client.calls().seconds()).sum();
        Set<String> modes = new TreeSet<>();
        clients.forEach(client -> modes.add(client.mode()));
        var simulation = new Simulation(latest.name(), latest.endpoints().size(), latest.affinity(), clients);
        Optional<Computed> computed = simulation.run();
        return new TrafficReport.Service(
                latest.name(),
                parts.stream().mapToDouble(LoadData.Service::seconds).max().orElse(0),
                modes,
                clients.size(),
                issued,
                failed,
                clients.stream()
                        .mapToLong(client -> client.calls().inProgress())
                        .sum(),
                succeeded + failed == 0 ? 0 : seconds * 1e3 / (succeeded + failed),
                connections(clients),
                latest.endpoints().size(),
                measured(latest, parts),
                computed,
                notes(latest, clients, computed));
    }

    private record Key(String namespace, String pod, String process, String agent) {}

    private static List<LoadData.Client> merged(List<LoadData.Service> parts) {
        Map<Key, LoadData.Client> clients = new LinkedHashMap<>();
        for (LoadData.Service part : parts) {
            for (LoadData.Client client : part.clients()) {
                clients.merge(
                        new Key(client.namespace(), client.pod(), client.process(), client.agent()),
                        client,
                        Evaluation::merge);
            }
        }
        return List.copyOf(clients.values());
    }

    private static LoadData.Client merge(LoadData.Client one, LoadData.Client other) {
        Map<Long, Long> connections = new HashMap<>(one.connections());
        other.connections().forEach((id, calls) -> connections.merge(id, calls, Long::sum));
        var others = new ArrayList<>(one.others());
        others.addAll(other.others());
        return new LoadData.Client(
                one.namespace(),
                one.pod(),
                one.process(),
                one.agent(),
                one.mode(),
                one.usable(),
                sum(one.calls(), other.calls()),
                one.opened() + other.opened(),
                connections,
                others);
    }

    private static LoadData.Calls sum(LoadData.Calls one, LoadData.Calls other) {
        return new LoadData.Calls(
                one.issued() + other.issued(),
                one.succeeded() + other.succeeded(),
                one.failed() + other.failed(),
                // It reports to one of them now; which, nobody says.
                Math.max(one.inProgress(), other.inProgress()),
                one.seconds() + other.seconds());
    }

    private static Optional<Connections> connections(List<LoadData.Client> clients) {
        long count = 0;
        long opened = 0;
        long calls = 0;
        long busiest = 0;
        for (LoadData.Client client : clients) {
            opened += client.opened();
            count += client.connections().size();
            for (long each : client.connections().values()) {
                calls += each;
                busiest = Math.max(busiest, each);
            }
            for (LoadData.Others others : client.others()) {
                count += others.connections();
                calls += others.calls();
                busiest = Math.max(busiest, others.calls() / Math.max(1, others.connections()));
            }
        }
        return count == 0
                ? Optional.empty()
                : Optional.of(new Connections(count, opened, calls, (double) calls / count, busiest));
    }

    private static Optional<Measured> measured(LoadData.Service latest, List<LoadData.Service> parts) {
        Map<String, Long> byAddress = new HashMap<>();
        latest.endpoints().forEach(endpoint -> byAddress.put(endpoint.address(), 0L));
        long known = 0;
        for (LoadData.Service part : parts) {
            for (Map.Entry<String, LoadData.Calls> entry : part.calls().entrySet()) {
                if (byAddress.containsKey(entry.getKey())) {
                    byAddress.merge(entry.getKey(), entry.getValue().issued(), Long::sum);
                    known += entry.getValue().issued();
                }
            }
        }
        if (known == 0) {
            return Optional.empty();
        }
        List<Pod> pods = latest.endpoints().stream()
                .map(endpoint -> new Pod(
                        endpoint.pod().isEmpty() ? endpoint.address() : endpoint.pod(),
                        byAddress.getOrDefault(endpoint.address(), 0L)))
                .sorted(Comparator.comparingLong(Pod::calls).reversed().thenComparing(Pod::pod))
                .toList();
        return Optional.of(new Measured(
                known,
                (double) pods.get(0).calls() * pods.size() / known,
                (int) pods.stream().filter(pod -> pod.calls() == 0).count(),
                pods));
    }

    private static List<String> notes(
            LoadData.Service service, List<LoadData.Client> clients, Optional<Computed> computed) {
        var notes = new ArrayList<String>();
        List<LoadData.Client> without = clients.stream()
                .filter(client ->
                        client.connections().isEmpty() && client.others().isEmpty())
                .toList();
        if (!without.isEmpty()) {
            long calls = without.stream()
                    .mapToLong(client -> client.calls().issued())
                    .sum();
            Set<String> agents = new HashSet<>();
            without.forEach(client -> agents.add(client.agent()));
            notes.add(calls + " calls of " + without.size() + " " + String.join(", ", new TreeSet<>(agents))
                    + " are in nothing computed: on which connections they would have gone is not known");
        }
        if (service.endpoints().isEmpty()) {
            notes.add("no pod may be called now, so that nothing is computed");
        } else if (computed.isPresent() && service.affinity()) {
            notes.add("sessionAffinity keeps each client on one pod, by either rule");
        }
        long told = clients.stream()
                .flatMap(client -> client.others().stream())
                .mapToLong(LoadData.Others::connections)
                .sum();
        if (told > 0) {
            notes.add(told + " of the connections, those with few calls, were reported together: each of them is taken"
                    + " for one of its own in each report");
        }
        return notes;
    }
}
