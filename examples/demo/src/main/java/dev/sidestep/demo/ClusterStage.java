package dev.sidestep.demo;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** All that runs in the demo's namespace, and the hands that start and stop it. Owned by the story's thread; others look. */
final class ClusterStage implements Cast {
    static final String PLAIN = "frontend-plain";
    static final String SIDECAR = "frontend-sidecar";
    static final String AGENT = "frontend-agent";
    static final int PODS = 3;
    private static final String BACKENDS = "backend";
    private static final Duration START_LIMIT = Duration.ofMinutes(2);
    /** Of an end the log tells sooner than the pod's status does. */
    private static final Duration STATUS_DELAY = Duration.ofSeconds(3);

    private final KubernetesClient client;
    private final DemoImage image;
    private final Observations observations;
    private final ClusterNamespace namespace;
    private final ClusterPods pods;
    private final PodLogs logs;
    /** Why logs ended too early, by pod. */
    private final Map<String, String> broken = new ConcurrentHashMap<>();

    private volatile @Nullable SharedIndexInformer<Pod> informer;
    private volatile boolean closed;

    /** Makes nothing yet. The caller closes {@code client}. */
    ClusterStage(KubernetesClient client, DemoImage image, Workspace workspace, Observations observations) {
        this.client = client;
        this.image = image;
        this.observations = observations;
        this.namespace = new ClusterNamespace(client);
        this.pods = new ClusterPods(
                "push it (./sidestep images --only demo --to REGISTRY) and name it (--image REGISTRY/demo:TAG)",
                this::follow);
        this.logs = new PodLogs(client, namespace.name(), workspace.path("logs"));
    }

    ClusterNamespace namespace() {
        return namespace;
    }

    @Override
    public SortedMap<String, PodState> pods() {
        return pods.pods();
    }

    @Override
    public void check() throws DemoException {
        if (closed) {
            return; // Whatever ends now ends with us.
        }
        pods.check();
        for (Map.Entry<String, String> each : broken.entrySet()) {
            if (pods.isToRun(each.getKey())) {
                throw new DemoException("the log of pod " + each.getKey() + " broke off" + each.getValue());
            }
        }
    }

    void open() throws DemoException, InterruptedException {
        namespace.make();
        await("service account in namespace " + namespace.name(), namespace::isUsable);
        informer = client.pods().inNamespace(namespace.name()).inform(pods);
        create("cluster.yaml", Map.of("REPLICAS", PODS));
        for (int i = 0; i < PODS; i++) {
            awaitReady(backend(i));
        }
    }

    /** Stops looking, and begins to remove everything. Says whether there was anything. For any thread, any number of times. */
    boolean close() {
        closed = true;
        SharedIndexInformer<Pod> open = informer;
        if (open != null) {
            open.close();
        }
        return namespace.remove();
    }

    private void create(String template, Map<String, Object> values) {
        Map<String, Object> all = new HashMap<>(values);
        all.put("IMAGE", image.name());
        all.put("PULL_POLICY", image.pullPolicy());
        namespace.create(template, all);
    }

    // --- Backends --------------------------------------------------------------------------------------------------

    static String backend(int number) {
        return BACKENDS + "-" + number;
    }

    String anyBackend() {
        return backend(ThreadLocalRandom.current().nextInt(pods.pods().size()));
    }

    void scale(int replicas) {
        var unused = client.apps()
                .statefulSets()
                .inNamespace(namespace.name())
                .withName(BACKENDS)
                .scale(replicas);
    }

    /** Waits, and gives the moment when we were told. */
    long awaitReady(String pod) throws DemoException, InterruptedException {
        return awaitPod(pod, "ready", seen -> seen.state() == PodState.READY).sinceMicros();
    }

    /**
     * Its process ends at the next request, without a word; its kubelet will start it again.
     *
     * @return when it got that request, by its log
     */
    long halt(String pod) throws DemoException, InterruptedException {
        pods.mayEnd(pod);
        try {
            var unused = client.raw(
                    "/api/v1/namespaces/" + namespace.name() + "/pods/" + pod + ":8080/proxy/faults?kind=halt",
                    "POST",
                    "");
        } catch (KubernetesClientException e) {
            throw new DemoException("pod " + pod + " cannot be told to end (" + ClusterNamespace.said(e)
                    + "); the demo needs the right to create pods/proxy in its namespace");
        }
        await("end of pod " + pod, () -> lastRequest(pod).isPresent());
        return lastRequest(pod).orElseThrow();
    }

    private OptionalLong lastRequest(String pod) {
        return observations.lastArrival(each -> each.fatal() && each.pod().equals(pod));
    }

    /** Waits for the second life of a pod that was halted, and gives the moment when we were told that it is ready. */
    long awaitRestart(String pod) throws DemoException, InterruptedException {
        return awaitPod(pod, "ready again", seen -> seen.restarts() > 0 && seen.state() == PodState.READY)
                .sinceMicros();
    }

    // --- Frontends -------------------------------------------------------------------------------------------------

    /** {@code inject}: the label's value. */
    void startFrontend(String name, String inject) throws DemoException, InterruptedException {
        create("cluster-frontend.yaml", Map.of("NAME", name, "INJECT", inject));
        ClusterPods.Seen seen = awaitPod(name, "there", each -> true);
        if (!inject.equals("disabled") && !seen.labels().containsKey("sidestep.dev/injected")) {
            throw new DemoException("pod " + name + " asked for Sidestep and did not get it ("
                    + seen.annotations()
                            .getOrDefault("sidestep.dev/status", "the API server got no answer from the injector")
                    + "); ./sidestep check says why");
        }
    }

    void stopFrontend(String name) {
        pods.mayEnd(name);
        var unused = client.pods().inNamespace(namespace.name()).withName(name).delete();
    }

    /** {@code mode} of the whole namespace. */
    void setMode(String mode) {
        namespace.annotate("sidestep.dev/mode", mode);
    }

    // --- What pods say ---------------------------------------------------------------------------------------------

    private void follow(String pod, String container) {
        var skew = new Skew();
        logs.follow(pod, line -> said(pod, line, skew), reason -> ended(pod, container, reason));
    }

    private void said(String pod, String line, Skew skew) {
        String[] fields = line.split("\t", -1);
        long now = Time.nowMicros();
        if (fields[0].equals("call")) {
            Call call = Call.parse(pod, fields);
            observations.add(call.shifted(skew.after(call.endMicros(), now)));
        } else if (fields[0].equals("request")) {
            Arrival arrival = Arrival.parse(pod, fields, false);
            if (arrival.fatal() || !fields[2].equals("/ready")) {
                observations.add(arrival.shifted(skew.after(arrival.micros(), now)));
            }
        }
    }

    /** A log that ends while its container runs is half a measurement. */
    private void ended(String pod, String container, String reason) {
        try {
            Time.sleep(STATUS_DELAY);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        boolean runs =
                pods.pod(pod).map(each -> each.running().equals(container)).orElse(false);
        if (runs) {
            broken.put(pod, reason.isEmpty() ? "" : " (" + reason + ")");
        }
    }

    // --- Waiting ---------------------------------------------------------------------------------------------------

    private ClusterPods.Seen awaitPod(String pod, String how, Predicate<ClusterPods.Seen> condition)
            throws DemoException, InterruptedException {
        await("pod " + pod + " " + how, () -> pods.pod(pod).filter(condition).isPresent());
        return pods.pod(pod).orElseThrow(() -> new DemoException("pod " + pod + " went away"));
    }

    private void await(String what, BooleanSupplier condition) throws DemoException, InterruptedException {
        long deadline = System.nanoTime() + START_LIMIT.toNanos();
        while (!condition.getAsBoolean()) {
            check();
            if (System.nanoTime() - deadline > 0) {
                throw new DemoException(
                        "no " + what + " after " + START_LIMIT.toSeconds() + " s" + namespace.lastWarning());
            }
            Thread.sleep(20);
        }
    }
}
