package dev.sidestep.e2e.scenario;

import dev.sidestep.e2e.Await;
import dev.sidestep.e2e.CallRecord;
import dev.sidestep.e2e.Calls;
import dev.sidestep.e2e.Clocks;
import dev.sidestep.e2e.Cluster;
import dev.sidestep.e2e.ClusterException;
import dev.sidestep.e2e.LoadClient;
import dev.sidestep.e2e.LoadSpec;
import dev.sidestep.e2e.Scenario;
import dev.sidestep.e2e.Stage;
import dev.sidestep.e2e.Stage.Placement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** One of four pods misbehaves under load, and later does not any more. */
final class Fault implements Scenario {
    /** A hung pod is known by what its Service usually takes; the first seconds of a JVM are not usual. */
    private static final Duration BEFORE = Duration.ofSeconds(15);

    private static final Duration AFTER = Duration.ofSeconds(15);
    /** An answer with 503 is not tried again: five until the pod is left alone, then a probe after 1, 2, 4 and 8 s. */
    private static final int UNTIL_LEFT_ALONE = 10;

    private static final String ERRORS = "safe,5xx,grpc:unavailable";

    /** The load's own time limit: what takes longer is a failure that the caller sees. */
    private static final int TIMEOUT_MILLIS = 5000;
    /** A call that takes longer than this while the others take 5 ms has suffered. */
    private static final long SLOW_MICROS = 500_000;

    private final Title title;
    private final int safeFailures;
    private final Duration lasts;
    private final Optional<String> retryOn;
    private final Trouble trouble;

    /** How a pod is made to misbehave. */
    interface Trouble {
        /** Begins, and gives what ends it. */
        Runnable begin(Stage stage, String namespace, String pod) throws Exception;
    }

    /**
     * Plays nothing yet.
     *
     * @param safeFailures how many safe requests of one caller may fail at most
     * @param lasts until the trouble is ended; what ends by itself does so sooner
     * @param retryOn {@code sidestep.dev/retry-on} of the namespace, if it is not the default
     */
    Fault(Title title, int safeFailures, Duration lasts, Optional<String> retryOn, Trouble trouble) {
        this.title = title;
        this.safeFailures = safeFailures;
        this.lasts = lasts;
        this.retryOn = retryOn;
        this.trouble = trouble;
    }

    static Fault killed() {
        return new Fault(
                new Title("killed", "one of four killed by SIGKILL, and restarted by the kubelet", true, Set.of()),
                0,
                Duration.ofSeconds(1),
                Optional.empty(),
                (stage, namespace, pod) -> {
                    signal(stage.cluster(), namespace, pod, "KILL");
                    return () -> {}; // The kubelet starts it again.
                });
    }

    static Fault stopped() {
        return new Fault(
                new Title("stopped", "one of four stopped by SIGSTOP for 20 s", false, Set.of()),
                0,
                Duration.ofSeconds(20),
                Optional.empty(),
                (stage, namespace, pod) -> {
                    signal(stage.cluster(), namespace, pod, "STOP");
                    return () -> signal(stage.cluster(), namespace, pod, "CONT");
                });
    }

    static Fault erring() {
        return new Fault(
                new Title(
                        "erring",
                        "one of four answers everything with 503 (gRPC: UNAVAILABLE) for 20 s",
                        false,
                        Set.of()),
                UNTIL_LEFT_ALONE,
                Duration.ofSeconds(20),
                Optional.empty(),
                Fault::err);
    }

    static Fault erringRetried() {
        return new Fault(
                new Title("erring-retried", "the same with sidestep.dev/retry-on: " + ERRORS, false, Set.of()),
                0,
                Duration.ofSeconds(20),
                Optional.of(ERRORS),
                Fault::err);
    }

    private static Runnable err(Stage stage, String namespace, String pod) {
        stage.cluster().post(namespace, pod, 8098, "faults?kind=status&status=503");
        return () -> stage.cluster().delete(namespace, pod, 8098, "faults");
    }

    static Fault blackholed() {
        return new Fault(
                new Title("blackholed", "packets to one of four vanish for 20 s", false, Set.of(Need.NODE)),
                0,
                Duration.ofSeconds(20),
                Optional.empty(),
                (stage, namespace, pod) -> {
                    String address = stage.cluster()
                            .pod(namespace, pod)
                            .orElseThrow()
                            .getStatus()
                            .getPodIP();
                    String rule = "FORWARD -d " + address + " -m comment --comment sidestep-e2e -j DROP";
                    stage.node().run("iptables -w -I " + rule);
                    var removed = new boolean[1];
                    AutoCloseable remove = () -> {
                        if (!removed[0]) {
                            removed[0] = true;
                            stage.node().run("iptables -w -D " + rule);
                        }
                    };
                    stage.atEnd(remove);
                    return () -> {
                        try {
                            remove.close();
                        } catch (Exception e) {
                            throw new IllegalStateException(e);
                        }
                    };
                });
    }

    /** The server is a child of process 1, which alone is safe from these. */
    private static void signal(Cluster cluster, String namespace, String pod, String signal) {
        Cluster.Output output = cluster.exec(namespace, pod, "backend", "tool", "signal", signal);
        // SIGKILL may end the container before its exit code is told.
        if (!output.ok() && !signal.equals("KILL")) {
            throw new ClusterException("SIG" + signal + " to " + pod + ": " + output.text());
        }
    }

    @Override
    public Title title() {
        return title;
    }

    @Override
    public void play(Stage stage) throws Exception {
        String namespace = stage.namespace();
        Cluster cluster = stage.cluster();
        retryOn.ifPresent(value -> cluster.annotateNamespace(namespace, "sidestep.dev/retry-on", value));
        stage.apply(
                namespace,
                "backend.yaml",
                Map.of("name", "backend", "replicas", "4", "inject", "disabled", "on-term", "drain"));
        List<LoadClient> clients = stage.clients(namespace, Placement.PLAIN, Placement.SIDECAR, Placement.AGENT);
        cluster.awaitRollout(namespace, "backend");
        clients.forEach(each -> each.awaitAnswer("http://backend/api", 4));
        List<LoadClient.Running> loads = new ArrayList<>();
        for (LoadClient client : clients) {
            loads.add(client.start(
                    LoadSpec.http("http://backend/api", 5, 100).withPostEvery(4).withTimeoutMillis(TIMEOUT_MILLIS)));
            loads.add(client.start(LoadSpec.grpc("backend:81", 50).withTimeoutMillis(TIMEOUT_MILLIS)));
        }
        Await.pause(BEFORE);
        String victim = victim(loads, cluster.podNames(namespace, "backend"));
        long begun = Clocks.micros();
        Runnable end = trouble.begin(stage, namespace, victim);
        Await.pause(lasts);
        long ended = Clocks.micros();
        end.run();
        Await.pause(AFTER);
        for (LoadClient.Running load : loads) {
            long offset = load.client().clockOffsetMicros();
            tell(stage, load, load.stop(), victim, begun + offset, ended + offset);
        }
    }

    /** A pod that the plain client uses, by gRPC too if it can be: otherwise kube-proxy's side would see nothing. */
    private static String victim(List<LoadClient.Running> loads, List<String> pods) {
        return loads.stream()
                .filter(each -> each.client().placement().startsWith("plain")
                        && each.spec().protocol().equals("grpc"))
                .flatMap(each -> each.calls().pods().stream())
                .filter(pods::contains)
                .findFirst()
                .orElse(pods.get(0));
    }

    private void tell(Stage stage, LoadClient.Running load, Calls calls, String victim, long begun, long ended) {
        String what = load.client().placement() + ", " + load.spec().protocol();
        boolean plain = load.client().placement().startsWith("plain");
        Calls safe = calls.only(CallRecord::isSafe);
        if (load.spec().protocol().equals("http") && !plain) {
            stage.findings()
                    .check(
                            what + ", safe requests",
                            safeFailures == 0 ? "0 failed" : "<= " + safeFailures + " failed",
                            safe.summary(),
                            safe.failed().size() <= safeFailures && safe.size() > 0);
        } else {
            stage.findings().figure(what + ", safe requests", safe.summary());
        }
        Calls others = calls.only(each -> !each.isSafe());
        stage.findings().figure(what + ", POST and gRPC", others.summary());
        Calls hurt = calls.between(begun - SLOW_MICROS, Long.MAX_VALUE)
                .only(each -> !each.ok() || each.endMicros() - each.startMicros() > SLOW_MICROS);
        stage.findings()
                .figure(
                        what + ", calls that suffered",
                        hurt.size() == 0
                                ? "none"
                                : hurt.size() + ", the last begun "
                                        + (hurt.all().get(hurt.size() - 1).startMicros() - begun) / 1000
                                        + " ms after the fault");
        OptionalLong back = calls.between(ended, Long.MAX_VALUE).firstAnswerOf(victim);
        stage.findings()
                .figure(
                        what + ", the pod answers again",
                        back.isEmpty()
                                ? "not within " + AFTER.toSeconds() + " s"
                                : (back.getAsLong() - ended) / 1000 + " ms after the fault");
    }
}
