package dev.sidestep.interop.clients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.interop.clients.Installed.ControlPlane;
import dev.sidestep.interop.clients.Installed.Sidecar;
import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.ChildProcess;
import dev.sidestep.testkit.FakeUpstream;
import dev.sidestep.testkit.Http1;
import dev.sidestep.testkit.Manifests;
import io.grpc.CallOptions;
import io.grpc.HttpConnectProxiedSocketAddress;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code sidestep.dev/mode} does to the calls of a sidecar's client, with our programs as processes. */
class SidecarModeIT {
    private static final Duration SOON = Duration.ofSeconds(20);

    /** Reports are sent every 10 s. */
    private static final Duration REPORTED = Duration.ofSeconds(40);

    private static final int PER_SECOND = 500;
    private static final int CALLERS = 10;
    private static final int SWITCHES = 3;
    private static final long STAY_MILLIS = 1500;

    @TempDir
    Path folder;

    private final List<AutoCloseable> opened = new ArrayList<>();
    private Manifests manifests;
    private ControlPlane controlPlane;
    private Sidecar sidecar;
    private String kind = "http";
    private int vipPort;

    private record Answer(long atMillis, String by) {}

    @BeforeEach
    void startMesh() {
        manifests = new Manifests(folder);
        controlPlane = open(Installed.controlPlane(folder));
        sidecar = open(Installed.sidecar(controlPlane));
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : opened) {
            each.close();
        }
    }

    private <T extends AutoCloseable> T open(T resource) {
        opened.add(0, resource);
        return resource;
    }

    private void mode(String mode) {
        manifests.service("backend-service", kind, vipPort, mode);
    }

    private FakeUpstream httpBackends() {
        kind = "http";
        FakeUpstream vip = open(FakeUpstream.start("vip", request -> Http1.Response.ok("vip")));
        vipPort = vip.port();
        for (String pod : List.of("pod-0", "pod-1", "pod-2")) {
            FakeUpstream backend = open(FakeUpstream.start(pod, request -> Http1.Response.ok(pod)));
            manifests.endpoint("backend-service", kind, pod, backend.port());
        }
        return vip;
    }

    private void grpcBackends() {
        kind = "grpc";
        vipPort = open(Greeter.start("vip")).port();
        for (String pod : List.of("pod-0", "pod-1", "pod-2")) {
            manifests.endpoint(
                    "backend-service", kind, pod, open(Greeter.start(pod)).port());
        }
    }

    private InetSocketAddress proxy() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), sidecar.proxyPort());
    }

    /** A client of its own, with connections of its own. */
    private Supplier<String> httpCaller() {
        HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .proxy(ProxySelector.of(proxy()))
                .build();
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + vipPort + "/"))
                .timeout(Duration.ofSeconds(5))
                .build();
        return () -> {
            try {
                return client.send(request, BodyHandlers.ofString()).body();
            } catch (IOException e) {
                return e.toString();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return e.toString();
            }
        };
    }

    /** The same, by gRPC through a tunnel. */
    private Supplier<String> grpcCaller() {
        ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", vipPort)
                .usePlaintext()
                .proxyDetector(target -> HttpConnectProxiedSocketAddress.newBuilder()
                        .setTargetAddress((InetSocketAddress) target)
                        .setProxyAddress(proxy())
                        .build())
                .build();
        open(channel::shutdownNow);
        return () -> {
            try {
                return ClientCalls.blockingUnaryCall(
                        channel, Greeter.GREET, CallOptions.DEFAULT.withDeadlineAfter(5, TimeUnit.SECONDS), "hello");
            } catch (StatusRuntimeException e) {
                return e.toString();
            }
        };
    }

    @ParameterizedTest
    @ValueSource(strings = {"http", "grpc"})
    void offSendsEveryCallToTheVipWithinASecondAndBackAndNoneFails(String protocol) throws InterruptedException {
        if (protocol.equals("http")) {
            httpBackends();
        } else {
            grpcBackends();
        }
        mode("balance");
        Supplier<Supplier<String>> callers = protocol.equals("http") ? this::httpCaller : this::grpcCaller;
        // Each by a connection of its own: a tunnel that was opened before the first answer stays on the VIP.
        Await.until("balanced calls", SOON, () -> callers.get().get().startsWith("pod-"));

        Queue<Answer> answers = new ConcurrentLinkedQueue<>();
        ScheduledExecutorService threads = Executors.newScheduledThreadPool(CALLERS);
        open(threads::shutdownNow);
        List<Future<?>> calling = new ArrayList<>();
        for (int i = 0; i < CALLERS; i++) {
            Supplier<String> caller = callers.get();
            calling.add(threads.scheduleAtFixedRate(
                    () -> {
                        long at = System.currentTimeMillis();
                        answers.add(new Answer(at, caller.get()));
                    },
                    i,
                    1000L * CALLERS / PER_SECOND,
                    TimeUnit.MILLISECONDS));
        }
        List<Long> off = new ArrayList<>();
        List<Long> back = new ArrayList<>();
        for (int i = 0; i < SWITCHES; i++) {
            Thread.sleep(STAY_MILLIS); // Under load for that long.
            off.add(System.currentTimeMillis());
            mode("off");
            Thread.sleep(STAY_MILLIS);
            back.add(System.currentTimeMillis());
            mode("balance");
        }
        assertThat(calling).as("callers that gave up").noneMatch(Future::isDone);
        Thread.sleep(STAY_MILLIS);
        threads.shutdown();
        assertThat(threads.awaitTermination(10, TimeUnit.SECONDS)).isTrue();

        List<Long> untilOff = lastOther(answers, "vip", off, back);
        List<Long> untilBack = lastOther(answers, "pod-", back, off);
        System.out.println("mode off, sidecar, " + protocol + ": " + answers.size() + " calls; ms until all were on the"
                + " VIP " + untilOff + ", until none was " + untilBack);
        assertThat(answers.stream().filter(answer -> !answer.by().matches("pod-[0-9]|vip")))
                .as("calls that failed")
                .isEmpty();
        assertThat(answers.size()).isGreaterThan((int) (PER_SECOND * STAY_MILLIS * (2 * SWITCHES + 1) / 1000 * 7 / 10));
        assertThat(untilOff).allMatch(millis -> millis < 1000);
        assertThat(untilBack).allMatch(millis -> millis < 1000);
    }

    /** After each moment of {@code from}, when the last call began that was not answered by {@code whom}. */
    private static List<Long> lastOther(Queue<Answer> answers, String whom, List<Long> from, List<Long> until) {
        List<Long> all = new ArrayList<>();
        for (long begin : from) {
            long end = until.stream().filter(it -> it > begin).findFirst().orElse(Long.MAX_VALUE);
            all.add(answers.stream()
                    .filter(answer -> answer.atMillis() >= begin && answer.atMillis() < end)
                    .filter(answer -> !answer.by().startsWith(whom))
                    .mapToLong(answer -> answer.atMillis() - begin)
                    .max()
                    .orElse(0));
        }
        return all;
    }

    @Test
    void observeKeepsEachConnectionAndTheReportSaysWhatBecomesOfItsCalls() {
        FakeUpstream vip = httpBackends();
        mode("observe");
        List<Supplier<String>> callers = List.of(httpCaller(), httpCaller());
        String why = "http://127.0.0.1:" + sidecar.adminPort() + "/why?host=127.0.0.1:" + vipPort;
        Await.until("the mode is known", SOON, () -> Web.get(why).body().contains("MODE_OBSERVE"));
        callers.forEach(
                caller -> Await.until("answers", SOON, () -> caller.get().equals("vip")));
        int connections = vip.acceptedConnections();

        for (Supplier<String> caller : callers) {
            for (int i = 0; i < 150; i++) {
                assertThat(caller.get()).isEqualTo("vip");
            }
        }

        assertThat(vip.acceptedConnections())
                .as("one for each of its client's")
                .isEqualTo(connections)
                .isEqualTo(2);
        Await.untilPasses("a report of all calls", REPORTED, () -> {
            String row = report("-n", "default").stream()
                    .filter(line -> line.startsWith("backend-service.default:" + vipPort))
                    .findFirst()
                    .orElse("");
            List<String> cells = List.of(row.split("  +"));
            assertThat(cells).hasSizeGreaterThan(9);
            // Two connections on three pods: the first of the three that kube-proxy gives them leaves one idle at
            // least.
            assertThat(cells.subList(1, 3)).containsExactly("observe", "1");
            assertThat(Integer.parseInt(cells.get(3))).isBetween(300, 304);
            assertThat(cells.get(5)).isEqualTo("2");
            assertThat(cells.get(7)).isEqualTo("3");
            assertThat(cells.get(9)).matches("1\\.5x \\(1\\.5-3\\), 1 \\(1-2\\) idle");
            assertThat(cells.get(10)).startsWith("1").endsWith("0 idle");
        });
        assertThat(String.join("\n", report("-n", "default", "-o", "json"))).contains("\"kubeProxy\"");
        assertThat(report("-n", "elsewhere")).anyMatch(line -> line.contains("nothing was reported"));
    }

    private List<String> report(String... options) {
        List<String> all = new ArrayList<>(List.of("--admin", controlPlane.admin()));
        all.addAll(List.of(options));
        try (ChildProcess process = Installed.run("report", all)) {
            int status = process.awaitExit(SOON);
            assertThat(status).as(() -> String.join("\n", process.output())).isZero();
            return process.output();
        }
    }
}
