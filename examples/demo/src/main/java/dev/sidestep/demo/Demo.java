package dev.sidestep.demo;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;

/** {@code sidestep demo}: wires the processes, tells the story, prints what was promised and what was seen. */
public final class Demo {
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

    private final DemoOptions options;
    private final PrintStream out;

    public Demo(DemoOptions options, PrintStream out) {
        this.options = options;
        this.out = out;
    }

    /**
     * Runs to its end, or until interrupted.
     *
     * @return the exit code: 0, or 1 if a promise was not kept and {@link DemoOptions#verify} is set
     */
    public int run() throws DemoException, IOException, InterruptedException {
        try (Workspace workspace = Workspace.open(options.home());
                Children children = Children.open(workspace.path("logs"))) {
            // On Ctrl-C only hooks run: what the braces would close, this closes.
            Runtime.getRuntime().addShutdownHook(new Thread(children::close, "stop-children"));
            Files.writeString(workspace.path("hosts"), "127.0.0.1 " + NAMES + "\n");
            return play(workspace, children);
        }
    }

    private int play(Workspace workspace, Children children) throws DemoException, IOException, InterruptedException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        var programs = new Programs(options.home(), java, workspace, options.nio());
        var observations = new Observations();
        var stage = new Stage(programs, children, new Manifests(workspace.path("manifests")), observations);
        Map<String, String> placements = new ConcurrentHashMap<>();
        greet(stage.layout(), workspace);
        Facts facts;
        try (var screen = new Screen(out, options.ansi(), new Panel(stage, observations, placements))) {
            screen.start();
            facts = new Story(stage, observations, screen, placements).tell();
        }
        Report report = report(facts, observations, stage.layout());
        write(report, facts, observations, workspace);
        if (options.keep()) {
            try (var screen = new Screen(out, options.ansi(), new Panel(stage, observations, placements))) {
                screen.start();
                screen.chapter("Everything stays up; the manifests are in " + workspace.path("manifests")
                        + ". Ctrl-C ends it.");
                new CountDownLatch(1).await();
            }
        }
        return options.verify() && !report.kept() ? 1 : 0;
    }

    private void greet(Layout layout, Workspace workspace) {
        out.println(
                "Sidestep " + options.version() + " demo, about a minute. Ctrl-C ends it and leaves nothing running.");
        out.println("backend-service 127.0.0.1:" + layout.httpVip() + ", greeter-service 127.0.0.1:" + layout.grpcVip()
                + ", control plane " + Programs.text(layout.xds()) + " (admin "
                + Programs.text(layout.controlPlaneAdmin()) + "), sidecar " + Programs.text(layout.proxy()) + " (admin "
                + Programs.text(layout.sidecarAdmin()) + ")");
        out.println("Manifests and logs: " + workspace.path(""));
    }

    private Report report(Facts facts, Observations observations, Layout layout) {
        List<Promise> promises = new Judgement(facts, observations).promises();
        return new Report(facts, observations, promises, commands(layout));
    }

    private static List<String> commands(Layout layout) {
        return List.of(
                "./sidestep why backend-service --admin " + Programs.text(layout.sidecarAdmin()),
                "SIDESTEP_CONTROL_PLANE=" + Programs.text(layout.xds())
                        + " java -javaagent:$(./sidestep agent) -jar app.jar");
    }

    private void write(Report report, Facts facts, Observations observations, Workspace workspace) throws IOException {
        out.println();
        out.print(report.table());
        out.println();
        Path svg = options.svg().orElse(workspace.path("requests-per-pod.svg"));
        Files.writeString(svg, new Picture(observations).draw(facts.before, facts.after));
        out.println("Requests per pod, before and after: " + svg);
        if (options.json().isPresent()) {
            Workspace.replace(options.json().get(), report.json());
        }
        out.println(options.keep() ? "To try next:" : "To try next, while ./sidestep demo --keep runs:");
        report.commands().forEach(each -> out.println("  " + each));
    }
}
