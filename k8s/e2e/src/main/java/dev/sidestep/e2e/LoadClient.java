package dev.sidestep.e2e;

import java.util.ArrayList;
import java.util.List;

/** A pod that calls as told, with everything that it recorded. Confined to the main thread. */
public final class LoadClient {
    private static final int PORT = 8099;

    private final Cluster cluster;
    private final String namespace;
    private final String pod;
    private final String placement;
    private int started;

    LoadClient(Cluster cluster, String namespace, String pod, String placement) {
        this.cluster = cluster;
        this.namespace = namespace;
        this.pod = pod;
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
            return new Calls(CallRecord.parse(cluster.get(namespace, pod, PORT, "records?name=" + name)));
        }

        /** Ends it, waits for the answers to the calls under way, and gives all calls. */
        public Calls stop() {
            cluster.post(namespace, pod, PORT, "stop?name=" + name);
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
        cluster.post(namespace, pod, PORT, "start?" + spec.query(name));
        return new Running(name, spec);
    }

    /** How far the pod's clock is ahead of ours, in microseconds; by the quickest of a few questions. */
    public long clockOffsetMicros() {
        List<long[]> answers = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            long before = Clocks.micros();
            long there =
                    Long.parseLong(cluster.get(namespace, pod, PORT, "clock").strip());
            long after = Clocks.micros();
            answers.add(new long[] {after - before, there - (before + after) / 2});
        }
        return answers.stream()
                .min((one, other) -> Long.compare(one[0], other[0]))
                .map(each -> each[1])
                .orElse(0L);
    }

    /** Runs a command in the pod's own container. */
    public Cluster.Output exec(String... command) {
        return cluster.exec(namespace, pod, "client", command);
    }
}
