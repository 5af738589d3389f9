package dev.sidestep.interop.clients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.ChildProcess;
import dev.sidestep.testkit.FakeUpstream;
import dev.sidestep.testkit.FreePorts;
import dev.sidestep.testkit.Manifests;
import dev.sidestep.testkit.Requirements;
import dev.sidestep.testkit.SourceTree;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The sidecar as a process under a steady load of GETs from the JDK's own client, which knows it as its HTTP proxy, while
 * one thing after another fails. No call may be lost to any of it.
 */
class SidecarLifeIT {
    private static final int CALLERS = 4;
    private static final String SLOW = "/slow";
    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    Path folder;

    private final List<AutoCloseable> opened = new ArrayList<>();
    private final AtomicBoolean over = new AtomicBoolean();
    private final AtomicInteger calls = new AtomicInteger();
    private final Map<String, Integer> failures = new ConcurrentHashMap<>();
    private final Map<String, Integer> answers = new ConcurrentHashMap<>();

    @AfterEach
    void close() throws Exception {
        over.set(true);
        for (AutoCloseable each : opened) {
            each.close();
        }
    }

    private FakeUpstream upstream(String name) {
        FakeUpstream upstream = FakeUpstream.start(name);
        opened.add(upstream);
        return upstream;
    }

    @ParameterizedTest
    @CsvSource({"17, epoll", "25, epoll", "17, nio"})
    void losesNoSafeCallWhateverFailsAroundIt(int jdk, String transport) throws Exception {
        Path java = Requirements.jdk(jdk).java();
        Path manifestFolder = Files.createDirectory(folder.resolve("manifests"));
        Manifests manifests = new Manifests(manifestFolder);
        FakeUpstream vip = upstream("vip");
        FakeUpstream one = upstream("one");
        FakeUpstream two = upstream("two");
        FakeUpstream three = upstream("three");
        manifests.service("backend-service", "http", vip.port());
        for (FakeUpstream each : List.of(one, two, three)) {
            manifests.endpoint("backend-service", "http", each.name(), each.port());
        }
        int xdsPort = FreePorts.next();
        int controlAdmin = FreePorts.next();
        Installed.ControlPlane controlPlane = Installed.controlPlane(manifestFolder, xdsPort, controlAdmin);
        opened.add(controlPlane);
        int proxyPort = FreePorts.next();
        ChildProcess sidecar = sidecar(java, transport, xdsPort, proxyPort);
        URI uri = URI.create("http://backend-service:" + vip.port() + "/api");
        Await.until("the sidecar balances", SOON, () -> !get(proxyPort, uri).equals("vip"));
        load(proxyPort, uri);

        // Healthy: evenly.
        assertEven(List.of("one", "two", "three"));

        // Killed, while the list still names it: nobody notices.
        two.refuse();
        assertEven(List.of("one", "three"));
        two.accept();
        Await.until("the endpoint is tried again", SOON, () -> seen("two", 50));

        // Resets every request.
        three.fail(new FakeUpstream.Fault.Reset());
        assertEven(List.of("one", "two"));
        three.heal();
        Await.until("the endpoint is tried again", SOON, () -> seen("three", 50));

        // Away for a while, its last word stands; back again, it is heard at once.
        controlPlane.close();
        pass(400);
        FakeUpstream four = upstream("four");
        manifests.endpoint("backend-service", "http", "four", four.port());
        controlPlane = Installed.controlPlane(manifestFolder, xdsPort, controlAdmin);
        opened.add(controlPlane);
        Await.until("the new endpoint is used", SOON, () -> seen("four", 10));

        // Off and back, live.
        manifests.write("service-backend-service.yaml", service(vip.port(), "off"));
        Await.until("calls go to the VIP", SOON, () -> get(proxyPort, uri).equals("vip"));
        answers.clear();
        pass(200);
        assertThat(answers.keySet()).containsOnly("vip");
        manifests.write("service-backend-service.yaml", service(vip.port(), "balance"));
        Await.until("calls are balanced", SOON, () -> !get(proxyPort, uri).equals("vip"));
        assertThat(failures).isEmpty();

        // What is under way ends before it does, and what it learned is there without a control plane.
        over.set(true);
        controlPlane.close();
        List<FakeUpstream> all = List.of(one, two, three, four);
        all.forEach(each -> each.fail(new FakeUpstream.Fault.Slow(Duration.ofSeconds(2))));
        ExecutorService callers = Executors.newFixedThreadPool(CALLERS);
        opened.add(callers::shutdownNow);
        List<CompletableFuture<String>> slow = Stream.generate(
                        () -> CompletableFuture.supplyAsync(() -> get(proxyPort, uri.resolve(SLOW)), callers))
                .limit(CALLERS)
                .toList();
        Await.until("all slow calls are under way", SOON, () -> slowRequests(all) == CALLERS);
        sidecar.terminate();
        assertThat(slow).allSatisfy(call -> assertThat(call.join()).doesNotStartWith("failed"));
        all.forEach(FakeUpstream::heal);
        sidecar(java, transport, xdsPort, proxyPort);
        Await.until(
                "the list from disk is used", SOON, () -> !get(proxyPort, uri).equals("vip"));
    }

    private static long slowRequests(List<FakeUpstream> upstreams) {
        return upstreams.stream()
                .flatMap(upstream -> upstream.requests().stream())
                .filter(request -> request.target().equals(SLOW))
                .count();
    }

    private static String service(int port, String mode) {
        return """
                apiVersion: v1
                kind: Service
                metadata:
                  name: backend-service
                  namespace: default
                  annotations: {sidestep.dev/mode: "%s"}
                spec:
                  clusterIP: 127.0.0.1
                  selector: {app: backend-service}
                  ports:
                    - {name: http, port: %d, targetPort: http}
                """.formatted(mode, port);
    }

    private ChildProcess sidecar(Path java, String transport, int xdsPort, int proxyPort) throws IOException {
        Path hosts = Files.writeString(folder.resolve("hosts"), "127.0.0.1 localhost\n127.0.0.1 backend-service\n");
        Path lib = SourceTree.root().resolve("cli/target/sidestep/lib");
        int metricsPort = FreePorts.next();
        ChildProcess process = ChildProcess.start(
                "sidecar",
                List.of(
                        java.toString(),
                        "-Djdk.net.hosts.file=" + hosts,
                        "-cp",
                        lib + "/*",
                        "dev.sidestep.cli.Main",
                        "sidecar",
                        "--control-plane",
                        "127.0.0.1:" + xdsPort,
                        "--proxy",
                        "127.0.0.1:" + proxyPort,
                        "--admin",
                        "127.0.0.1:" + FreePorts.next(),
                        "--metrics",
                        "127.0.0.1:" + metricsPort),
                Map.of("SIDESTEP_SNAPSHOT_DIR", folder.toString(), "SIDESTEP_TRANSPORT", transport),
                folder);
        opened.add(process);
        Web.awaitOk(process, "http://127.0.0.1:" + metricsPort + "/readyz", SOON);
        return process;
    }

    /** GETs without end, until the test is over. */
    private void load(int proxyPort, URI uri) {
        for (int i = 0; i < CALLERS; i++) {
            var caller = new Thread(
                    () -> {
                        HttpClient client = client(proxyPort);
                        while (!over.get()) {
                            String answer = get(client, uri);
                            calls.incrementAndGet();
                            (answer.startsWith("failed") ? failures : answers).merge(answer, 1, Integer::sum);
                        }
                    },
                    "caller-" + i);
            caller.setDaemon(true);
            caller.start();
        }
    }

    private static HttpClient client(int proxyPort) {
        return HttpClient.newBuilder()
                .proxy(ProxySelector.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), proxyPort)))
                .build();
    }

    private static String get(int proxyPort, URI uri) {
        return get(client(proxyPort), uri);
    }

    /** The endpoint's name, or why there is none. */
    private static String get(HttpClient client, URI uri) {
        try {
            var response = client.send(
                    HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(10)).build(), BodyHandlers.ofString());
            return response.statusCode() == 200
                    ? response.body()
                    : "failed: " + response.statusCode() + " " + response.body();
        } catch (IOException e) {
            return "failed: " + e;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "failed: " + e;
        }
    }

    private boolean seen(String name, int count) {
        return answers.getOrDefault(name, 0) >= count;
    }

    /** Waits until so many more calls were made. */
    private void pass(int count) {
        int until = calls.get() + count;
        Await.until(count + " calls", Duration.ofSeconds(60), () -> calls.get() >= until, () -> failures);
    }

    /** From a moment after the change on, exactly these answer, and equally often. */
    private void assertEven(List<String> names) {
        pass(100);
        answers.clear();
        pass(600);
        Map<String, Integer> counts = Map.copyOf(answers);
        assertThat(failures).isEmpty();
        assertThat(counts.keySet()).containsAll(names);
        int least = names.stream().mapToInt(counts::get).min().orElse(0);
        int most = names.stream().mapToInt(counts::get).max().orElse(0);
        // Calls under way at both ends of the count may each be missing on one side.
        assertThat(most - least).describedAs("%s", counts).isLessThanOrEqualTo(2 * CALLERS + least / 20);
        answers.clear();
    }
}
