package dev.sidestep.agent;

import dev.sidestep.agent.app.GrpcApp;
import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.Requirements;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A mesh with a gRPC Service too, {@code greeter}: three backends, and behind its VIP a fourth that answers {@code vip}. */
final class TestGreeter implements AutoCloseable {
    private final TestMesh mesh;
    private final GreeterServer vip = GreeterServer.start("vip");
    private final List<GreeterServer> backends =
            IntStream.range(0, 3).mapToObj(i -> GreeterServer.start("pod-" + i)).toList();

    TestGreeter(Path folder) {
        mesh = new TestMesh(folder);
        annotate();
        addEndpoints();
    }

    void addEndpoints() {
        for (int i = 0; i < 3; i++) {
            mesh.manifests()
                    .endpoint("greeter", "grpc", "pod-" + i, backends.get(i).port());
        }
    }

    TestMesh mesh() {
        return mesh;
    }

    GreeterServer vip() {
        return vip;
    }

    List<GreeterServer> backends() {
        return backends;
    }

    GreeterServer backend(int index) {
        return backends.get(index);
    }

    /** Where an application dials. */
    String target() {
        return "greeter:" + vip.port();
    }

    /** Gives the Service annotations, names without their prefix and values, in the place of those it has. */
    void annotate(String... annotations) {
        mesh.manifests().service("greeter", "grpc", vip.port(), TestMesh.query(Map.of(), annotations));
    }

    /** What a {@code GrpcApp} is asked for: {@code count} calls, and {@code more} as names and values. */
    Map<String, String> calls(int count, String... more) {
        return TestMesh.query(Map.of("target", target(), "count", Integer.toString(count)), more);
    }

    /** Starts a {@code GrpcApp} with one of {@link #libraries}. */
    AppProcess start(int feature, String library) throws IOException {
        return start(feature, library, mesh.environment());
    }

    AppProcess start(int feature, String library, Map<String, String> environment) throws IOException {
        return mesh.start(Requirements.jdk(feature), GrpcApp.class, environment, libraries(library));
    }

    /** One whose calls are balanced. */
    AppProcess balancedApp(int feature, String library) throws IOException {
        AppProcess app = start(feature, library);
        awaitBalanced(app, calls(9));
        return app;
    }

    /** Until each endpoint has a connection. */
    void awaitBalanced(AppProcess app, Map<String, String> calls) {
        Await.until(
                "balanced calls",
                TestMesh.SOON,
                () -> TestMesh.counted(app.calls(calls)).keySet().equals(Set.of("pod-0", "pod-1", "pod-2")),
                () -> app.calls(calls) + String.join("\n", app.process().output()));
    }

    /** What a {@code GrpcApp} needs on its class path: {@code shaded} or {@code netty} of ours, or {@code 1.60}. */
    private static List<Path> libraries(String library) throws IOException {
        String grpc = switch (library) {
            case "shaded" -> "grpc-(api|core|util|stub|netty-shaded)-1.8.*";
            case "netty" -> "grpc-(api|core|util|stub|netty)-1.8.*|netty-.*4\\.2.*";
            default -> "none";
        };
        String all = grpc + "|(guava|failureaccess|perfmark-api|gson|annotations|jspecify|error_prone).*";
        Stream<Path> current = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .map(Path::of)
                .filter(path -> path.getFileName().toString().matches(all));
        if (!library.equals("1.60")) {
            return current.toList();
        }
        try (Stream<Path> old = Files.list(Path.of("target", "old-grpc"))) {
            return Stream.concat(old.sorted(), current).toList();
        }
    }

    @Override
    public void close() {
        mesh.close();
        vip.close();
        backends.forEach(GreeterServer::close);
    }
}
