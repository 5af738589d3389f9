package dev.sidestep.e2e.scenario;

import dev.sidestep.e2e.ClusterException;
import dev.sidestep.e2e.Scenario;
import dev.sidestep.e2e.Stage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Runs each command of docs/tutorial.md as it stands there, with another namespace, and images that this cluster has. What a
 * comment {@code expect:} behind a block says has to be in its output.
 */
final class Walkthrough implements Scenario {
    private static final Pattern BLOCK =
            Pattern.compile("```sh\\n(?<commands>.*?)```\\n(<!-- expect: (?<expected>.*?) -->)?", Pattern.DOTALL);
    private static final String NAMESPACE = "tutorial";
    private static final long LIMIT_SECONDS = 180;

    @Override
    public Title title() {
        return new Title("walkthrough", "each command of docs/tutorial.md", false, Set.of(Need.SIDESTEP));
    }

    /** One block of the page. */
    record Block(String commands, String expected) {}

    static List<Block> blocks(String page) {
        List<Block> blocks = new ArrayList<>();
        Matcher matcher = BLOCK.matcher(page);
        while (matcher.find()) {
            String expected = matcher.group("expected");
            blocks.add(new Block(matcher.group("commands"), expected == null ? "" : expected));
        }
        return blocks;
    }

    @Override
    public void play(Stage stage) throws Exception {
        Path root = stage.manifests().root().toAbsolutePath();
        String namespace = stage.reserveNamespace();
        Path folder = folder(stage);
        for (Block block : blocks(Files.readString(root.resolve("docs/tutorial.md")))) {
            String commands = block.commands()
                    .replace("./sidestep", root.resolve("sidestep").toString())
                    .replace("--image busybox", "--image " + stage.manifests().image("tool"))
                    .replace("nginx:1.25", stage.manifests().image("tool"))
                    .replaceAll("(namespace |-n |service\\.)" + NAMESPACE + "\\b", "$1" + namespace);
            String said = run(folder, commands);
            String first = block.commands().lines().findFirst().orElse("");
            stage.findings()
                    .check(
                            first + (block.commands().lines().count() > 1 ? " ..." : ""),
                            block.expected().isEmpty() ? "works" : block.expected(),
                            said.strip().replaceAll("(?s).*\n", ""),
                            said.contains(block.expected()));
            if (commands.contains("create namespace")) {
                stage.cluster().claimNamespace(namespace);
            }
        }
    }

    /** The source tree as the page sees it: its manifests, with images that are here, and a kubeconfig that it may change. */
    private static Path folder(Stage stage) throws IOException {
        Path folder = Files.createTempDirectory("walkthrough");
        Path tutorial = Files.createDirectories(folder.resolve("k8s/tutorial"));
        for (String file : List.of("backend-deployment.yaml", "frontend-service.yaml")) {
            Files.writeString(tutorial.resolve(file), stage.manifests().tutorial(file));
        }
        Files.copy(stage.kubeconfig(), folder.resolve("kubeconfig"));
        stage.atEnd(() -> {
            try (var files = Files.walk(folder)) {
                files.sorted(Comparator.reverseOrder())
                        .forEach(each -> each.toFile().delete());
            }
        });
        return folder;
    }

    private static String run(Path folder, String commands) throws IOException, InterruptedException {
        var builder = new ProcessBuilder("bash", "-euo", "pipefail", "-c", commands)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("said").toFile());
        builder.environment().put("KUBECONFIG", folder.resolve("kubeconfig").toString());
        Process process = builder.start();
        process.getOutputStream().close();
        boolean ended = process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
        if (!ended) {
            process.destroyForcibly().waitFor();
        }
        String said = Files.readString(folder.resolve("said"), StandardCharsets.UTF_8);
        if (!ended || process.exitValue() != 0) {
            throw new ClusterException((ended ? "exit code " + process.exitValue() : "no end") + " of "
                    + commands.strip().replace("\n", "; ") + ": " + said.strip().replace("\n", "; "));
        }
        return said;
    }
}
