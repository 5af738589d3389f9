package dev.sidestep.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;

/** The whole system as processes of this machine. */
final class LocalDemo implements Production {
    private static final String NAMES = String.join(
            " ",
            "localhost",
            "backend-service",
            "backend-service.default",
            "backend-service.default.svc",
            "backend-service.default.svc.cluster.local",
            "greeter-service",
            "greeter-service.default",
            "greeter-service.default.svc",
            "greeter-service.default.svc.cluster.local");

    private final String version;
    private final Workspace workspace;
    private final Observations observations;
    private final SortedMap<String, String> placements;
    private final Children children;
    private final Stage stage;

    private LocalDemo(
            String version,
            Workspace workspace,
            Observations observations,
            SortedMap<String, String> placements,
            Children children,
            Stage stage) {
        this.version = version;
        this.workspace = workspace;
        this.observations = observations;
        this.placements = placements;
        this.children = children;
        this.stage = stage;
    }

    static LocalDemo open(
            DemoOptions options, Workspace workspace, Observations observations, SortedMap<String, String> placements)
            throws DemoException, IOException {
        Files.writeString(workspace.path("hosts"), "127.0.0.1 " + NAMES + "\n");
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        var programs = new Programs(options.home(), java, workspace, options.nio());
        Children children = Children.open(workspace.path("logs"));
        var stage = new Stage(programs, children, new Manifests(workspace.path("manifests")), observations);
        return new LocalDemo(options.version(), workspace, observations, placements, children, stage);
    }

    @Override
    public Cast cast() {
        return stage;
    }

    @Override
    public List<String> greeting() {
        Layout layout = stage.layout();
        return List.of(
                "Sidestep " + version + " demo, about a minute. Ctrl-C ends it and leaves nothing running.",
                "backend-service 127.0.0.1:" + layout.httpVip() + ", greeter-service 127.0.0.1:" + layout.grpcVip()
                        + ", control plane " + Programs.text(layout.xds()) + " (admin "
                        + Programs.text(layout.controlPlaneAdmin()) + "), sidecar " + Programs.text(layout.proxy())
                        + " (admin " + Programs.text(layout.sidecarAdmin()) + ")",
                "Manifests and logs: " + workspace.path(""));
    }

    @Override
    public Facts tell(Screen screen) throws DemoException, InterruptedException {
        return new Story(stage, observations, screen, placements).tell();
    }

    @Override
    public List<Promise> promises(Facts facts) {
        return new Judgement(facts, observations, Stage.CLIENTS).promises();
    }

    @Override
    public List<String> commands() {
        Layout layout = stage.layout();
        return List.of(
                "./sidestep why backend-service --admin " + Programs.text(layout.sidecarAdmin()),
                "SIDESTEP_CONTROL_PLANE=" + Programs.text(layout.xds())
                        + " java -javaagent:$(./sidestep agent) -jar app.jar");
    }

    @Override
    public String kept() {
        return "Everything stays up; the manifests are in " + workspace.path("manifests") + ". Ctrl-C ends it.";
    }

    @Override
    public void close() {
        children.close();
    }
}
