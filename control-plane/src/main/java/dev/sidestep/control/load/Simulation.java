package dev.sidestep.control.load;

import dev.sidestep.control.load.TrafficReport.Computed;
import dev.sidestep.control.load.TrafficReport.Range;
import dev.sidestep.control.load.TrafficReport.Spread;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * Sends measured calls to pods by the two rules, again and again: kube-proxy gives each connection a random pod, Sidestep
 * gives the calls of each client to the pods in turn, from a random start. The same data give the same answer.
 */
final class Simulation {
    private static final int MOST_REPETITIONS = 1000;
    private static final int LEAST_REPETITIONS = 20;

    /** Draws in all, so that the answer is there within a second or two. */
    private static final long MOST_DRAWS = 20_000_000;

    /** A client, or with affinity all processes of a pod together. */
    private static final class Source {
        private final int[] usable;
        private final List<long[]> connections = new ArrayList<>(); // How many, and calls over each.
        private long calls;

        Source(int[] usable) {
            this.usable = usable;
        }

        void add(long count, long each) {
            if (count > 0) {
                connections.add(new long[] {count, each});
                calls += count * each;
            }
        }
    }

    private final String service;
    private final int pods;
    private final boolean affinity;
    private final List<Source> sources;
    private final long calls;

    /** @param pods how many there are */
    Simulation(String service, int pods, boolean affinity, List<LoadData.Client> clients) {
        this.service = service;
        this.pods = pods;
        this.affinity = affinity;
        Map<String, Source> byClient = new LinkedHashMap<>();
        for (LoadData.Client client : clients) {
            String pod = client.namespace() + "/" + client.pod();
            String key = affinity && !client.pod().isEmpty() ? pod : pod + "/" + client.process() + client.agent();
            Source source = byClient.computeIfAbsent(key, name -> new Source(usable(client)));
            client.connections().values().stream().sorted().forEach(each -> source.add(1, each));
            for (LoadData.Others others : client.others()) {
                if (others.connections() > 0) {
                    long each = others.calls() / others.connections();
                    long more = others.calls() % others.connections();
                    source.add(others.connections() - more, each);
                    source.add(more, each + 1);
                }
            }
        }
        sources = byClient.values().stream()
                .filter(source -> source.calls > 0 && source.usable.length > 0)
                .toList();
        calls = sources.stream().mapToLong(source -> source.calls).sum();
    }

    private int[] usable(LoadData.Client client) {
        if (client.usable().isEmpty()) {
            int[] all = new int[pods];
            Arrays.setAll(all, i -> i);
            return all;
        }
        return client.usable().stream()
                .mapToInt(Integer::intValue)
                .filter(place -> place >= 0 && place < pods)
                .toArray();
    }

    /** Empty if there is nothing to send, or nobody to send it to. */
    Optional<Computed> run() {
        if (calls == 0) {
            return Optional.empty();
        }
        long draws = sources.stream()
                .flatMap(source -> source.connections.stream())
                .mapToLong(connections -> connections[0])
                .sum();
        int repetitions =
                (int) Math.max(LEAST_REPETITIONS, Math.min(MOST_REPETITIONS, MOST_DRAWS / Math.max(1, draws)));
        var random = new SplittableRandom(service.hashCode());
        return Optional.of(new Computed(
                calls,
                repetitions,
                repeat(repetitions, load -> byConnection(load, random)),
                repeat(repetitions, load -> inTurn(load, random))));
    }

    private void byConnection(long[] load, RandomGenerator random) {
        for (Source source : sources) {
            int sticky = source.usable[random.nextInt(source.usable.length)];
            for (long[] connections : source.connections) {
                for (long i = 0; i < connections[0]; i++) {
                    int pod = affinity ? sticky : source.usable[random.nextInt(source.usable.length)];
                    load[pod] += connections[1];
                }
            }
        }
    }

    private void inTurn(long[] load, RandomGenerator random) {
        for (Source source : sources) {
            int n = source.usable.length;
            int start = random.nextInt(n);
            if (affinity) {
                load[source.usable[start]] += source.calls;
                continue;
            }
            for (int i = 0; i < n; i++) {
                load[source.usable[(start + i) % n]] += source.calls / n + (i < source.calls % n ? 1 : 0);
            }
        }
    }

    private interface Rule {
        void send(long[] load);
    }

    private Spread repeat(int repetitions, Rule rule) {
        double[] busiest = new double[repetitions];
        double[] idle = new double[repetitions];
        long[] load = new long[pods];
        for (int i = 0; i < repetitions; i++) {
            Arrays.fill(load, 0);
            rule.send(load);
            long most = 0;
            for (long each : load) {
                most = Math.max(most, each);
                idle[i] += each == 0 ? 1 : 0;
            }
            busiest[i] = (double) most * pods / calls;
        }
        return new Spread(range(busiest), range(idle));
    }

    private static Range range(double[] values) {
        Arrays.sort(values);
        int last = values.length - 1;
        return new Range(values[last / 2], values[last / 20], values[last - last / 20]);
    }
}
