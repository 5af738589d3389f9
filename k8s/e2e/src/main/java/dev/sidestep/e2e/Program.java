package dev.sidestep.e2e;

import dev.sidestep.e2e.Finding.Verdict;
import dev.sidestep.e2e.Scenario.Need;
import dev.sidestep.e2e.Scenario.Title;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** Plays scenarios one after another and cleans up after each. Confined to the main thread, but for a Ctrl-C. */
final class Program {
    private static final Duration READY_WITHIN = Duration.ofSeconds(30);

    private final Cluster cluster;
    private final Manifests manifests;
    private final Findings findings;
    private final Optional<Node> node;
    private final Optional<Installation> installation;
    private final Path out;
    private final boolean keep;
    private final Path kubeconfig;
    /** What a Ctrl-C has to clean up. */
    private final AtomicReference<Optional<Stage>> current = new AtomicReference<>(Optional.empty());

    /** @param installation empty to play without Sidestep */
    Program(
            Cluster cluster,
            Manifests manifests,
            Findings findings,
            Optional<Node> node,
            Optional<Installation> installation,
            Path out,
            boolean keep,
            Path kubeconfig) {
        this.cluster = cluster;
        this.manifests = manifests;
        this.findings = findings;
        this.node = node;
        this.installation = installation;
        this.out = out;
        this.keep = keep;
        this.kubeconfig = kubeconfig;
    }

    /** Says whether all that was seen was as promised and, if {@code everything} was asked for, nothing left out */
    boolean play(List<Scenario> scenarios, boolean everything) throws IOException {
        Files.createDirectories(out);
        var interrupted = new Thread(this::cleanUp, "clean-up");
        Runtime.getRuntime().addShutdownHook(interrupted);
        try {
            install();
            for (Scenario each : scenarios) {
                play(each);
            }
        } finally {
            Runtime.getRuntime().removeShutdownHook(interrupted);
            cleanUp();
        }
        return tell(everything);
    }

    private void install() {
        if (installation.isEmpty()) {
            return;
        }
        findings.begin("install");
        Duration took = installation.get().ensure();
        if (installation.get().isOurs()) {
            findings.atMost(
                    "ready after kubectl apply", (double) READY_WITHIN.toSeconds(), " s", took.toMillis() / 1000.0);
        } else {
            findings.figure("control plane", "the one that is installed");
        }
    }

    private void play(Scenario scenario) throws IOException {
        Title title = scenario.title();
        findings.begin(title.name());
        System.out.println(title.name() + ": " + title.about());
        if (title.needs().contains(Need.SIDESTEP) && installation.isEmpty()) {
            findings.notRun("all of it", "without Sidestep there is nothing to see");
            return;
        }
        if (title.needs().contains(Need.NODE) && node.isEmpty()) {
            findings.notRun("all of it", "needs --node");
            return;
        }
        var stage = new Stage(
                cluster, manifests, findings, node, installation.isPresent(), out, "e2e-" + title.name(), kubeconfig);
        current.set(Optional.of(stage));
        long broken = findings.count(Verdict.BROKEN);
        long start = System.nanoTime();
        try {
            scenario.play(stage);
        } catch (Exception e) {
            findings.check("played to its end", "yes", message(e), false);
        }
        if (findings.count(Verdict.BROKEN) > broken) {
            Path folder = out.resolve(title.name());
            new Evidence(cluster).gather(stage.namespaces(), stage.clients(), folder);
            System.out.println("  evidence: " + folder);
        }
        close(stage);
        current.set(Optional.empty());
        System.out.printf(Locale.ROOT, "  %.0f s%n", (System.nanoTime() - start) / 1e9);
    }

    private static String message(Exception e) {
        String text = e instanceof ClusterException ? String.valueOf(e.getMessage()) : e.toString();
        return text.lines().findFirst().orElse("");
    }

    private void close(Stage stage) {
        stage.close();
        if (!keep) {
            stage.namespaces().forEach(cluster::deleteNamespace);
        }
    }

    private void cleanUp() {
        current.getAndSet(Optional.empty()).ifPresent(this::close);
        if (!keep) {
            installation.ifPresent(Installation::remove);
        }
    }

    private boolean tell(boolean everything) throws IOException {
        List<String> table = Table.of(findings.all());
        Files.write(out.resolve("table.txt"), table, StandardCharsets.UTF_8);
        System.out.println();
        table.forEach(System.out::println);
        System.out.println();
        long kept = findings.count(Verdict.KEPT);
        long broken = findings.count(Verdict.BROKEN);
        long notRun = findings.count(Verdict.NOT_RUN);
        System.out.println(kept + " passed, " + broken + " failed, " + notRun + " skipped");
        return broken == 0 && (notRun == 0 || !everything);
    }
}
