package dev.sidestep.demo;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** {@code sidestep demo}: plays it before the user's eyes, prints what was promised and what was seen. */
public final class Demo {
    private final DemoOptions options;
    private final PrintStream out;
    private final Opening opening;
    private volatile @Nullable Screen shown;

    /** Makes what is played ready to start. */
    private interface Opening {
        Production open(Workspace workspace, Observations observations, SortedMap<String, String> placements)
                throws DemoException, IOException;
    }

    private Demo(DemoOptions options, PrintStream out, Opening opening) {
        this.options = options;
        this.out = out;
        this.opening = opening;
    }

    /** All processes on this machine. */
    public static Demo here(DemoOptions options, PrintStream out) {
        return new Demo(
                options,
                out,
                (workspace, observations, placements) -> LocalDemo.open(options, workspace, observations, placements));
    }

    /** Pods in a namespace of their own, beside a Sidestep that is installed. The caller closes {@code client}. */
    public static Demo inCluster(DemoOptions options, KubernetesClient client, DemoImage image, PrintStream out) {
        return new Demo(
                options,
                out,
                (workspace, observations, placements) -> new ClusterDemo(
                        options,
                        new ClusterStage(client, image, workspace, observations),
                        observations,
                        placements,
                        out));
    }

    /**
     * Runs to its end, or until interrupted.
     *
     * @return the exit code: 0, or 1 if a promise was not kept and {@link DemoOptions#verify} is set
     */
    public int run() throws DemoException, IOException, InterruptedException {
        var observations = new Observations();
        SortedMap<String, String> placements = new ConcurrentSkipListMap<>();
        try (Workspace workspace = Workspace.open(options.home());
                Production production = opening.open(workspace, observations, placements)) {
            // On Ctrl-C only hooks run: what the braces would close, this closes.
            Runtime.getRuntime().addShutdownHook(new Thread(() -> end(production), "end-demo"));
            return play(production, new Panel(production.cast(), observations, placements), workspace, observations);
        }
    }

    private int play(Production production, Panel panel, Workspace workspace, Observations observations)
            throws DemoException, IOException, InterruptedException {
        production.greeting().forEach(out::println);
        Facts facts;
        try (Screen screen = show(panel)) {
            facts = production.tell(screen);
        }
        List<String> commands = production.commands();
        var report = new Report(facts, observations, production.promises(facts), commands);
        write(report, facts, observations, workspace);
        out.println(options.keep() ? "To try next:" : "To try next, while it runs with --keep:");
        commands.forEach(each -> out.println("  " + each));
        if (options.keep()) {
            try (Screen screen = show(panel)) {
                screen.chapter(production.kept());
                new CountDownLatch(1).await();
            }
        }
        return options.verify() && !report.kept() ? 1 : 0;
    }

    private Screen show(Panel panel) {
        var opened = new Screen(out, options.ansi(), panel);
        shown = opened;
        opened.start();
        return opened;
    }

    private void end(Production production) {
        Screen open = shown;
        if (open != null) {
            open.close();
        }
        production.close();
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
    }
}
