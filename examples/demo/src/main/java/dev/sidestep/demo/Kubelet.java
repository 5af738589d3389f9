package dev.sidestep.demo;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.ToIntFunction;

/**
 * What Kubernetes does for the pods: lists one when its {@code /ready} answers 200, probes every 10 s and takes it off
 * the list after three failures in a row, the defaults of a readiness probe. So a pod that dies or hangs stays listed
 * for a while, and only whoever calls it can know.
 */
final class Kubelet implements AutoCloseable {
    private static final Duration PERIOD = Duration.ofSeconds(10);
    private static final Duration TIMEOUT = Duration.ofSeconds(1);
    private static final Duration START_LIMIT = Duration.ofSeconds(30);
    private static final int FAILURES = 3;

    private final Manifests manifests;
    private final List<Pod> listed = new CopyOnWriteArrayList<>();
    private final Map<Pod, Integer> failures = new ConcurrentHashMap<>();
    private final ScheduledExecutorService probes = Executors.newSingleThreadScheduledExecutor(task -> {
        var thread = new Thread(task, "kubelet");
        thread.setDaemon(true);
        return thread;
    });

    Kubelet(Manifests manifests) {
        this.manifests = manifests;
    }

    void start() {
        var unused = probes.scheduleAtFixedRate(
                () -> listed.forEach(this::probe), PERIOD.toMillis(), PERIOD.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Waits for the pod's first ready answer and lists it; gives the moment when the manifest said so. */
    long admit(Pod pod) throws DemoException, InterruptedException {
        long deadline = System.nanoTime() + START_LIMIT.toNanos();
        while (!pod.answersReady(TIMEOUT)) {
            pod.process().check();
            if (System.nanoTime() - deadline > 0) {
                throw new DemoException(pod.name() + " is not ready after " + START_LIMIT.toSeconds() + " s");
            }
            Thread.sleep(50);
        }
        pod.becomes(PodState.READY);
        failures.remove(pod);
        if (!listed.contains(pod)) {
            listed.add(pod);
            manifests.writePod(pod.name(), pod.httpPort(), pod.grpcPort(), true);
        }
        return Time.nowMicros();
    }

    /** The ports of the pods that the manifests list as ready. */
    List<Integer> ports(ToIntFunction<Pod> port) {
        return listed.stream().filter(this::isListedReady).map(port::applyAsInt).toList();
    }

    private boolean isListedReady(Pod pod) {
        return failures.getOrDefault(pod, 0) < FAILURES;
    }

    private void probe(Pod pod) {
        boolean before = isListedReady(pod);
        if (pod.answersReady(TIMEOUT)) {
            failures.remove(pod);
        } else {
            failures.merge(pod, 1, Integer::sum);
        }
        if (isListedReady(pod) != before) {
            manifests.writePod(pod.name(), pod.httpPort(), pod.grpcPort(), !before);
        }
    }

    @Override
    public void close() {
        probes.shutdownNow();
    }
}
