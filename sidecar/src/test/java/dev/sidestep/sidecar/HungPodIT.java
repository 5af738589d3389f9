package dev.sidestep.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.model.Cluster;
import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Endpoint;
import dev.sidestep.model.TrafficPolicy;
import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.ChildProcess;
import dev.sidestep.testkit.FakeUpstream;
import dev.sidestep.testkit.Pod;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One of four pods stops, or falls off the network, under load: not one GET fails, whose callers wait 5 s. */
@Timeout(60)
class HungPodIT {
    private static final int CALLS_PER_SECOND = 200;
    private static final int PORT = 8081;

    @TempDir
    private Path folder;

    private final List<FakeUpstream> others = new ArrayList<>();
    private final FakeControlPlane control = new FakeControlPlane();
    private final ScheduledExecutorService pace = Executors.newSingleThreadScheduledExecutor();
    private final ExecutorService callers = Executors.newCachedThreadPool();
    private final Map<String, AtomicInteger> answers = new ConcurrentHashMap<>();
    private final AtomicInteger underWay = new AtomicInteger();

    private Sidecar sidecar;
    private Pod pod;
    private ChildProcess server;

    @BeforeEach
    void start() {
        pod = Pod.create();
        server = pod.start(
                "server",
                Map.of(),
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "dev.sidestep.testkit.PodDoor",
                        folder.resolve("door").toString(),
                        Integer.toString(PORT)));
        server.awaitLine("door open", Duration.ofSeconds(10));
        var endpoints = new ArrayList<>(List.of(Endpoint.ready(pod.address().getHostAddress(), PORT)));
        for (String name : List.of("one", "two", "three")) {
            FakeUpstream other = FakeUpstream.start(name);
            others.add(other);
            endpoints.add(Endpoint.ready("127.0.0.1", other.port()));
        }
        control.serves(new Cluster(
                new ClusterName("backend", "default", 80), List.of(), true, TrafficPolicy.DEFAULT, endpoints));
        sidecar = TestSidecar.start(control);
    }

    @AfterEach
    void stop() {
        pace.shutdownNow();
        callers.shutdownNow();
        if (sidecar != null) {
            sidecar.close();
        }
        others.forEach(FakeUpstream::close);
        if (pod != null) {
            pod.close();
        }
    }

    private void call() {
        underWay.incrementAndGet();
        String answer;
        try (RawClient client = new RawClient(sidecar.proxyAddress())) {
            RawClient.Response response =
                    client.send("GET / HTTP/1.1\r\nHost: backend\r\n\r\n").read();
            answer = response.status() == 200 ? response.body().strip() : response.raw() + response.body();
        } catch (IOException e) {
            answer = e.toString();
        }
        answers.computeIfAbsent(answer, unused -> new AtomicInteger()).incrementAndGet();
        underWay.decrementAndGet();
    }

    private int answered(String by) {
        AtomicInteger count = answers.get(by);
        return count == null ? 0 : count.get();
    }

    private int answered() {
        return answers.values().stream().mapToInt(AtomicInteger::get).sum();
    }

    private void load(Runnable begin, Runnable end) throws InterruptedException {
        ScheduledFuture<?> load = pace.scheduleAtFixedRate(
                () -> callers.execute(this::call), 0, 1_000_000 / CALLS_PER_SECOND, TimeUnit.MICROSECONDS);
        Await.until("traffic to the pod", Duration.ofSeconds(10), () -> answered("self") > 50);
        var over = new CountDownLatch(1);
        begin.run();
        pace.schedule(over::countDown, 6, TimeUnit.SECONDS);
        over.await();
        int before = answered("self");
        end.run();
        Await.until("the pod is back", Duration.ofSeconds(20), () -> answered("self") > before + 20);
        load.cancel(false);
        Await.until("the last answer", Duration.ofSeconds(10), () -> underWay.get() == 0);
        assertThat(answered()).isGreaterThan(5 * CALLS_PER_SECOND);
        assertThat(answers.keySet()).as("%s", answers).containsOnly("self", "one", "two", "three");
    }

    @Test
    void noGetFailsWhenAPodIsStopped() throws InterruptedException {
        load(server::suspend, server::resume);
    }

    @Test
    void noGetFailsWhenAPodsPacketsAreDropped() throws InterruptedException {
        load(
                () -> pod.inside("iptables", "-A", "INPUT", "-p", "tcp", "--dport", "" + PORT, "-j", "DROP"),
                () -> pod.inside("iptables", "-F", "INPUT"));
    }
}
