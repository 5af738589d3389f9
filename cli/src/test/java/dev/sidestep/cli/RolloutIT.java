package dev.sidestep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.control.ControlPlane;
import dev.sidestep.control.ControlPlaneConfig;
import dev.sidestep.sidecar.Sidecar;
import dev.sidestep.sidecar.SidecarConfig;
import dev.sidestep.sidecar.loop.Transport;
import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.ChildProcess;
import dev.sidestep.testkit.Manifests;
import dev.sidestep.testkit.SourceTree;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * All pods of a Service are replaced, one by one, by a kubelet that is this test, while an ordinary application calls
 * them by HTTP/1.1 (three GETs to a POST) and gRPC, 250 a second each, once behind a sidecar and once with the agent. The
 * servers die at once: nothing but their {@code preStop} hook gives anybody time.
 */
class RolloutIT {
    private static final Path HOME = SourceTree.root();
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final InetSocketAddress ANY_PORT = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    private static final int PODS = 4;

    @TempDir
    Path folder;

    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private final Deque<Pod> pods = new ArrayDeque<>();
    private final List<ChildProcess> frontends = new ArrayList<>();
    private final HttpClient kubelet = HttpClient.newHttpClient();
    private Manifests manifests;
    private String controlPlane;
    private int started;

    /** A server with its sidecar. */
    private record Pod(String name, ChildProcess server, int http, int grpc, Sidecar sidecar) {}

    @BeforeEach
    void start() throws IOException {
        manifests = new Manifests(Files.createDirectory(folder.resolve("manifests")));
        Files.writeString(folder.resolve("hosts"), "127.0.0.1 localhost backend-service greeter-service\n");
        ControlPlane started = opened(ControlPlane.start(
                ControlPlaneConfig.directory(manifests.folder()).listeningOn(ANY_PORT, ANY_PORT)));
        controlPlane = "127.0.0.1:" + started.xdsAddress().getPort();
        for (int i = 0; i < PODS; i++) {
            startPod();
        }
        // Who goes by the VIP reaches a server that is no pod of the rollout.
        Server vip = server("vip");
        manifests.service("backend-service", "http", vip.http());
        manifests.service("greeter-service", "grpc", vip.grpc());
        Sidecar outbound = opened(Sidecar.start(sidecarOf("frontend")));
        int proxy = outbound.proxyAddress().getPort();
        List<String> flags = new ArrayList<>();
        for (String scheme : List.of("http", "https")) {
            flags.add("-D" + scheme + ".proxyHost=127.0.0.1");
            flags.add("-D" + scheme + ".proxyPort=" + proxy);
        }
        frontend(vip, flags, Map.of());
        frontend(
                vip,
                List.of("-javaagent:" + HOME.resolve("java-agent/target/sidestep-agent.jar")),
                Map.of("SIDESTEP_CONTROL_PLANE", controlPlane, "SIDESTEP_NAMESPACE", "default"));
        for (ChildProcess each : frontends) {
            Await.until("all pods are called", SOON, () -> pods.stream().allMatch(pod -> isCalled(each, pod)));
        }
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable each : opened) {
            each.close();
        }
    }

    @Test
    void losesNoCallWhenServersWaitUntilAllClientsKnow() throws Exception {
        Duration longest = Duration.ZERO;
        for (int i = 0; i < PODS; i++) {
            startPod();
            Pod old = pods.removeFirst();
            leaves(old);
            long start = System.nanoTime();
            String answer = preStop(old);
            Duration took = Duration.ofNanos(System.nanoTime() - start);
            longest = took.compareTo(longest) > 0 ? took : longest;
            assertThat(answer).startsWith("pod default/" + old.name() + ": all clients know after ");
            dies(old);
        }
        for (ChildProcess each : frontends) {
            assertThat(failures(each)).isEmpty();
            assertThat(calls(each)).isGreaterThan(2_000);
        }
        System.out.println("rollout: "
                + frontends.stream().map(RolloutIT::calls).toList()
                + " calls behind the sidecar and with the agent, none failed; the longest preStop took "
                + longest.toMillis() + " ms");
    }

    @Test
    void losesCallsWhenServersDoNotWait() throws Exception {
        for (int i = 0; i < PODS; i++) {
            startPod();
            Pod old = pods.removeFirst();
            leaves(old);
            dies(old);
        }
        List<Integer> failed =
                frontends.stream().map(each -> failures(each).size()).toList();
        System.out.println("rollout without preStop: "
                + frontends.stream().map(RolloutIT::calls).toList()
                + " calls behind the sidecar and with the agent, failed " + failed);
        assertThat(failed).allMatch(count -> count > 0);
    }

    /** What the kubelet does with {@code preStop.httpGet}, at the moment when the pod is marked for deletion. */
    private String preStop(Pod pod) throws IOException, InterruptedException {
        URI uri =
                URI.create("http://127.0.0.1:" + pod.sidecar().metricsAddress().getPort() + "/drained?cap=30s");
        return kubelet.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString())
                .body();
    }

    private void startPod() {
        String name = "web-" + ++started;
        Server server = server(name);
        Pod pod = new Pod(name, server.process(), server.http(), server.grpc(), opened(Sidecar.start(sidecarOf(name))));
        pods.addLast(pod);
        manifests.endpoint("backend-service", "http", name, pod.http());
        manifests.endpoint("greeter-service", "grpc", name, pod.grpc());
        for (ChildProcess each : frontends) {
            Await.until(name + " is called", SOON, () -> isCalled(each, pod));
        }
    }

    private void leaves(Pod pod) {
        manifests.leavingEndpoint("backend-service", "http", pod.name(), pod.http());
        manifests.leavingEndpoint("greeter-service", "grpc", pod.name(), pod.grpc());
    }

    private void dies(Pod pod) {
        pod.server().kill();
        manifests.withoutEndpoint("backend-service", pod.name());
        manifests.withoutEndpoint("greeter-service", pod.name());
    }

    private record Server(ChildProcess process, int http, int grpc) {}

    private Server server(String name) {
        ChildProcess process = program(
                name,
                "backend",
                "dev.sidestep.examples.backend.Backend",
                List.of(),
                List.of("--pod", name, "--work", "20"),
                Map.of());
        String[] line = process.awaitLine("listening\t", SOON).split("\t", -1);
        return new Server(process, Integer.parseInt(line[2]), Integer.parseInt(line[3]));
    }

    private void frontend(Server vip, List<String> flags, Map<String, String> environment) {
        frontends.add(program(
                "frontend",
                "frontend",
                "dev.sidestep.examples.frontend.Frontend",
                flags,
                List.of(
                        "--http", "http://backend-service:" + vip.http() + "/api",
                        "--grpc", "greeter-service:" + vip.grpc(),
                        "--connections", "5",
                        "--tick", "20",
                        "--grpc-tick", "4",
                        "--timeout", "10000"),
                environment));
    }

    private ChildProcess program(
            String name,
            String example,
            String main,
            List<String> flags,
            List<String> arguments,
            Map<String, String> environment) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xmx128m",
                "-Djdk.net.hosts.file=" + folder.resolve("hosts")));
        command.addAll(flags);
        command.addAll(List.of("-cp", HOME.resolve("examples").resolve(example).resolve("target/app") + "/*", main));
        command.addAll(arguments);
        return opened(ChildProcess.start(name, command, environment, folder));
    }

    private SidecarConfig sidecarOf(String pod) {
        return SidecarConfig.fromEnvironment(Map.of("SIDESTEP_POD_NAME", pod, "SIDESTEP_NAMESPACE", "default"))
                .withControlPlane(controlPlane)
                .withListeners(ANY_PORT, ANY_PORT, ANY_PORT)
                .withTransport(Transport.best(), 1);
    }

    private <T extends AutoCloseable> T opened(T resource) {
        opened.push(resource);
        return resource;
    }

    /** Whether both of its kinds of calls came to {@code pod}. */
    private static boolean isCalled(ChildProcess frontend, Pod pod) {
        return Stream.of("GET", "GRPC")
                .allMatch(kind -> frontend.output().stream()
                        .anyMatch(line -> line.contains("\t" + kind + "\t" + pod.name() + "\tOK")));
    }

    private static long calls(ChildProcess frontend) {
        return lines(frontend).count();
    }

    private static List<String> failures(ChildProcess frontend) {
        return lines(frontend).filter(line -> line.contains("\tFAILED")).toList();
    }

    private static Stream<String> lines(ChildProcess frontend) {
        return frontend.output().stream().filter(line -> line.startsWith("call\t"));
    }
}
