package dev.sidestep.e2e;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A pod that calls as told, with everything that it recorded. Confined to the main thread. */
public final class LoadClient {
    private final Cluster cluster;
    private final String namespace;
    private final String pod;
    private final String container;
    private final int port;
    private final String placement;
    private final List<String> loads = new ArrayList<>();

    LoadClient(Cluster cluster, String namespace, String pod, String container, int port, String placement) {
        this.cluster = cluster;
        this.namespace = namespace;
        this.pod = pod;
        this.container = container;
        this.port = port;
        this.placement = placement;
    }

    /** A load that runs until it is stopped. */
    public final class Running {
        private final String name;
        private final LoadSpec spec;

        private Running(String name, LoadSpec spec) {
            this.name = name;
            this.spec = spec;
        }

        public LoadClient client() {
            return LoadClient.this;
        }

        public LoadSpec spec() {
            return spec;
        }

        /** All calls that have ended. */
        public Calls calls() {
            return new Calls(CallRecord.parse(cluster.get(namespace, pod, port, "records?name=" + name)));
        }

        /** Ends it, waits for the answers to the calls under way, and gives all calls. */
        public Calls stop() {
            cluster.post(namespace, pod, port, "stop?name=" + name);
            return calls();
        }
    }

    /** "plain", "sidecar", "agent" and so on. */
    public String placement() {
        return placement;
    }

    public String pod() {
        return pod;
    }

    public Running start(LoadSpec spec) {
        String name = spec.protocol() + (loads.size() + 1);
        cluster.post(namespace, pod, port, "start?" + spec.query(name));
        loads.add(name);
        return new Running(name, spec);
    }

    /** Everything that was recorded by the loads of this client, by the names of these. */
    Map<String, String> records() {
        Map<String, String> records = new TreeMap<>();
        loads.forEach(
                each -> records.put(placement + "." + each, cluster.get(namespace, pod, port, "records?name=" + each)));
        return records;
    }

    /** How far the pod's clock is ahead of ours, in microseconds; by the quickest of a few questions. */
    public long clockOffsetMicros() {
        List<long[]> answers = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            long before = Clocks.micros();
            long there =
                    Long.parseLong(cluster.get(namespace, pod, port, "clock").strip());
            long after = Clocks.micros();
            answers.add(new long[] {after - before, there - (before + after) / 2});
        }
        return answers.stream()
                .min((one, other) -> Long.compare(one[0], other[0]))
                .map(each -> each[1])
                .orElse(0L);
    }

    /** The body of one GET that the pod makes. */
    public String call(String url) {
        return cluster.get(namespace, pod, port, "call?http=" + URLEncoder.encode(url, StandardCharsets.UTF_8))
                .strip();
    }

    /**
     * Waits until a Service answers, for kube-proxy needs a moment for the rules of a new one; and, in a client with
     * Sidestep, until one call after another goes to each of {@code pods} in turn: then it knows them all.
     */
    public void awaitAnswer(String url, int pods) {
        Await.until(
                url + " answered for " + pod + (isPlain() ? "" : ", by each of " + pods + " pods in turn"),
                Duration.ofSeconds(60),
                () -> isPlain() ? !call(url).isEmpty() : isInTurn(url, pods));
    }

    private boolean isInTurn(String url, int pods) {
        Map<String, Integer> counts = new HashMap<>();
        for (int i = 0; i < 2 * pods; i++) {
            counts.merge(call(url), 1, Integer::sum);
        }
        return counts.size() == pods && counts.values().stream().allMatch(each -> each == 2);
    }

    public boolean isPlain() {
        return placement.startsWith("plain");
    }

    /** Runs a command in the pod's own container. */
    public Cluster.Output exec(String... command) {
        return cluster.exec(namespace, pod, container, command);
    }
}
