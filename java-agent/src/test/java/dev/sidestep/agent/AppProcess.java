package dev.sidestep.agent;

import dev.sidestep.testkit.ChildProcess;
import dev.sidestep.testkit.Jdk;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** An application of the package {@code app} in a JVM of its own, with the shipped jar as its agent. */
final class AppProcess implements AutoCloseable {
    static final Path AGENT = Path.of("target", "sidestep-agent.jar").toAbsolutePath();

    private static final Duration START = Duration.ofSeconds(30);

    private final HttpClient client = HttpClient.newHttpClient();
    private final ChildProcess process;
    private final int port;

    private AppProcess(ChildProcess process, int port) {
        this.process = process;
        this.port = port;
    }

    /** Returns when the application says that it listens. */
    static AppProcess start(
            Jdk jdk, Class<?> main, List<Path> libraries, Map<String, String> environment, List<String> flags) {
        List<String> command = new ArrayList<>(List.of(jdk.java().toString(), "-javaagent:" + AGENT, "-Xshare:auto"));
        command.addAll(flags);
        String classPath = Stream.concat(Stream.of(Path.of("target", "test-classes")), libraries.stream())
                .map(Path::toString)
                .collect(Collectors.joining(File.pathSeparator));
        command.addAll(List.of("-cp", classPath, main.getName()));
        ChildProcess process = ChildProcess.start(main.getSimpleName(), command, environment, Path.of(""));
        String line = process.awaitLine("listening on ", START);
        return new AppProcess(process, Integer.parseInt(line.substring(line.lastIndexOf(' ') + 1)));
    }

    /** Has it make calls and returns a line for each. */
    List<String> calls(Map<String, String> query) {
        String text = query.entrySet().stream()
                .map(entry -> entry.getKey() + "=" + URLEncoder.encode(entry.getValue(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"));
        URI uri = URI.create("http://127.0.0.1:" + port + "/?" + text);
        try {
            String body = client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString())
                    .body();
            return body.lines().toList();
        } catch (IOException e) {
            throw new AssertionError(e + "; output:\n" + String.join("\n", process.output()), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    ChildProcess process() {
        return process;
    }

    @Override
    public void close() {
        process.close();
    }
}
