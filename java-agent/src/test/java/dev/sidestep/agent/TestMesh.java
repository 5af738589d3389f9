package dev.sidestep.agent;

import dev.sidestep.agent.app.HttpApp;
import dev.sidestep.control.ControlPlane;
import dev.sidestep.control.ControlPlaneConfig;
import dev.sidestep.control.load.LoadData;
import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.FakeUpstream;
import dev.sidestep.testkit.FreePorts;
import dev.sidestep.testkit.Http1;
import dev.sidestep.testkit.Jdk;
import dev.sidestep.testkit.Manifests;
import dev.sidestep.testkit.Requirements;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * A control plane on a folder of manifests with {@code backend-service}: three real backends, and behind its VIP a fourth
 * that answers {@code vip}, so that a call that was not balanced shows.
 */
final class TestMesh implements AutoCloseable {
    static final Duration SOON = Duration.ofSeconds(20);

    private static final Duration REPORTS = Duration.ofSeconds(1);

    /** The end of a path that every backend answers with 500. */
    static final String BROKEN = "/broken";

    private final Path folder;
    private final Manifests manifests;
    private final int xdsPort = FreePorts.next();
    private final FakeUpstream vip = FakeUpstream.start("vip", request -> Http1.Response.ok("vip"));
    private final List<FakeUpstream> backends = new ArrayList<>();
    private final List<Http2Backend> http2Backends = new ArrayList<>();
    private @Nullable ControlPlane controlPlane;

    TestMesh(Path folder) {
        try {
            this.folder = folder;
            this.manifests = new Manifests(Files.createDirectories(folder.resolve("manifests")));
            Files.writeString(
                    folder.resolve("hosts"), "127.0.0.1 backend-service backend-service.default greeter localhost\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        manifests.service("backend-service", "http", vip.port());
        for (int i = 0; i < 3; i++) {
            addBackend();
        }
        startControlPlane();
    }

    FakeUpstream addBackend() {
        String name = "pod-" + backends.size();
        FakeUpstream backend = FakeUpstream.start(
                name, request -> Http1.Response.of(request.target().endsWith(BROKEN) ? 500 : 200, name));
        backends.add(backend);
        manifests.endpoint("backend-service", "http", name, backend.port());
        return backend;
    }

    void startControlPlane() {
        try {
            controlPlane = ControlPlane.start(
                    ControlPlaneConfig.directory(manifests.folder()).listeningOn(loopback(xdsPort), loopback(0)),
                    REPORTS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void stopControlPlane() {
        if (controlPlane != null) {
            controlPlane.close();
            controlPlane = null;
        }
    }

    private static InetSocketAddress loopback(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    /** What the control plane was told of the calls to {@code service} of the namespace {@code default}. */
    Optional<LoadData.Service> load(String service) {
        ControlPlane running = controlPlane;
        if (running == null) {
            return Optional.empty();
        }
        URI uri = URI.create("http://127.0.0.1:" + running.adminAddress().getPort() + "/load?namespace=default");
        try {
            String body = HttpClient.newHttpClient()
                    .send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString())
                    .body();
            return new JsonMapper()
                    .readValue(body, LoadData.class).services().stream()
                            .filter(it -> it.name().startsWith(service + ".default:"))
                            .findFirst();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** Gives {@code backend-service} annotations, names without their prefix and values, in the place of those it has. */
    void annotate(String... annotations) {
        manifests.service("backend-service", "http", vip.port(), query(Map.of(), annotations));
    }

    Manifests manifests() {
        return manifests;
    }

    FakeUpstream vip() {
        return vip;
    }

    FakeUpstream backend(int index) {
        return backends.get(index);
    }

    String url() {
        return "http://backend-service:" + vip.port() + "/api";
    }

    /** What an {@code HttpApp} is asked for: {@code count} calls of {@link #url}, and {@code more} as names and values. */
    Map<String, String> calls(int count, String... more) {
        return query(Map.of("url", url(), "count", Integer.toString(count)), more);
    }

    /** A copy of {@code usual} with {@code more}, names and values by turns, which win. */
    static Map<String, String> query(Map<String, String> usual, String... more) {
        Map<String, String> query = new HashMap<>(usual);
        for (int i = 0; i < more.length; i += 2) {
            query.put(more[i], more[i + 1]);
        }
        return query;
    }

    /** What the first three backends were asked. */
    int requests() {
        return backends.stream().limit(3).mapToInt(FakeUpstream::requestCount).sum();
    }

    /** How many of those were POSTs. */
    int posts() {
        return (int) backends.stream()
                .limit(3)
                .flatMap(backend -> backend.requests().stream())
                .filter(request -> request.method().equals("POST"))
                .count();
    }

    /**
     * Puts three backends of HTTP/2 in the place of the first three, and waits until {@code app} calls them over one
     * connection each.
     */
    List<Http2Backend> speakHttp2(AppProcess app) {
        List<Http2Backend> speakers =
                List.of(Http2Backend.start("pod-0"), Http2Backend.start("pod-1"), Http2Backend.start("pod-2"));
        http2Backends.addAll(speakers);
        for (int i = 0; i < 3; i++) {
            manifests.endpoint(
                    "backend-service", "http", "pod-" + i, speakers.get(i).port());
        }
        Await.until("calls on HTTP/2", SOON, () -> {
            app.calls(calls(3, "version", "HTTP_2"));
            return speakers.stream().allMatch(backend -> backend.connections() == 1);
        });
        return speakers;
    }

    /** Of what calls came to, what is no success. */
    static List<String> failed(List<String> lines) {
        return lines.stream().filter(line -> !line.startsWith("200 ")).toList();
    }

    /** Environment in which an application's agent finds the control plane. */
    Map<String, String> environment() {
        Map<String, String> environment = new HashMap<>();
        environment.put("SIDESTEP_CONTROL_PLANE", "127.0.0.1:" + xdsPort);
        environment.put("SIDESTEP_NAMESPACE", "default");
        return environment;
    }

    /** Starts an application that resolves the Service's name to its VIP, as a pod would. */
    AppProcess start(Jdk jdk, Class<?> main, Map<String, String> environment) {
        return start(jdk, main, environment, List.of());
    }

    /** The same, with {@code libraries} on its class path. */
    AppProcess start(Jdk jdk, Class<?> main, Map<String, String> environment, List<Path> libraries) {
        return AppProcess.start(
                jdk,
                main,
                libraries,
                environment,
                List.of("-Djdk.net.hosts.file=" + folder.resolve("hosts"), "-XX:+UseSerialGC"));
    }

    /** An {@code HttpApp} whose calls are balanced. */
    AppProcess balancedApp(int feature) {
        AppProcess app = start(Requirements.jdk(feature), HttpApp.class, environment());
        awaitBalanced(app, calls(1));
        return app;
    }

    /** Waits until calls of {@code app} are balanced. */
    void awaitBalanced(AppProcess app, Map<String, String> query) {
        Await.until(
                "balanced calls",
                SOON,
                () -> app.calls(query).stream().noneMatch(line -> line.endsWith("vip") || !line.startsWith("200")),
                () -> app.calls(query) + "\n" + String.join("\n", app.process().output()));
    }

    static Map<String, Long> counted(List<String> lines) {
        return lines.stream().collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
    }

    @Override
    public void close() {
        stopControlPlane();
        backends.forEach(FakeUpstream::close);
        http2Backends.forEach(Http2Backend::close);
        vip.close();
    }
}
