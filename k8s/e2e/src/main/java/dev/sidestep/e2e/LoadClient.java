package dev.sidestep.e2e;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A pod that calls as told, with everything that it recorded. Confined to the main thread. */
public final class LoadClient {
    private final Cluster cluster;
    private final String namespace;
    private final String pod;
    private final String container;
    private final int port;
    private final String placement;
    private int started;

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
        String name = spec.protocol() + ++started;
        cluster.post(namespace, pod, port, "start?" + spec.query(name));
        return new Running(name, spec);
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

    /** The body of one GET that the pod makes; only the Java client knows how. */
    public String call(String url) {
        return cluster.get(namespace, pod, port, "call?http=" + URLEncoder.encode(url, StandardCharsets.UTF_8))
                .strip();
    }

    /** Waits until a Service answers at all: kube-proxy needs a moment for the rules of a new one. */
    public void awaitAnswer(String url) {
        Await.until(
                "an answer from " + url + " to " + pod,
                Duration.ofSeconds(30),
                () -> exec("timeout", "3", "wget", "-qO-", url).ok());
    }

    /** Runs a command in the pod's own container. */
    public Cluster.Output exec(String... command) {
        return cluster.exec(namespace, pod, container, command);
    }
}
