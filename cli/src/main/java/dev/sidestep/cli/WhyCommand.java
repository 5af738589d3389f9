package dev.sidestep.cli;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** {@code sidestep why}: asks the admin port of a sidecar or of a control plane. */
@Command(name = "why", description = "Explain where calls to a host go, and why.")
final class WhyCommand implements Callable<Integer> {
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    /** How the answer is printed. */
    enum Format {
        TABLE,
        JSON
    }

    private final ObjectMapper json = new ObjectMapper();

    @Spec
    private CommandSpec spec;

    @Parameters(
            paramLabel = "HOST[:PORT]",
            description = "As the caller writes it: backend-service, api.shop.svc:8080.")
    private String host;

    @Option(
            names = "--admin",
            paramLabel = "HOST:PORT",
            converter = ListenAddress.class,
            defaultValue = "127.0.0.1:16000",
            description = "The admin port of a sidecar or of a control plane (${DEFAULT-VALUE}).")
    private InetSocketAddress admin;

    @Option(
            names = {"-n", "--namespace"},
            paramLabel = "NS",
            defaultValue = "default",
            description = "The caller's namespace, where a control plane is asked (${DEFAULT-VALUE}).")
    private String namespace;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            defaultValue = "table",
            description = "table or json (${DEFAULT-VALUE}).")
    private Format format;

    @Override
    public Integer call() throws IOException, InterruptedException {
        JsonNode explanation = ask(host);
        if (!host.contains(":") && explanation.path("cluster").isMissingNode()) {
            explanation = askForItsOnlyPort(explanation);
        }
        var out = spec.commandLine().getOut();
        if (format == Format.JSON) {
            out.println(explanation.toPrettyString());
        } else {
            new Explanation(explanation).lines().forEach(out::println);
        }
        return 0;
    }

    /** Without a port a name means port 80, as in a URL. If there is no such, and one other, that one is meant. */
    private JsonNode askForItsOnlyPort(JsonNode otherwise) throws IOException, InterruptedException {
        List<String> ports = KnownPorts.of(host, fetch("/status"), fetch("/config_dump"));
        return ports.size() == 1 ? ask(host + ":" + ports.get(0)) : otherwise;
    }

    private JsonNode ask(String asked) throws IOException, InterruptedException {
        return fetch("/why?host=" + encode(asked) + "&namespace=" + encode(namespace));
    }

    private JsonNode fetch(String path) throws IOException, InterruptedException {
        String at = admin.getAddress().getHostAddress() + ":" + admin.getPort();
        // Straight to it: a proxy in the way of a question about proxies would answer for another.
        HttpClient client = HttpClient.newBuilder()
                .proxy(HttpClient.Builder.NO_PROXY)
                .connectTimeout(TIMEOUT)
                .build();
        var request = HttpRequest.newBuilder(URI.create("http://" + at + path))
                .timeout(TIMEOUT)
                .build();
        HttpResponse<String> response;
        try {
            response = client.send(request, BodyHandlers.ofString());
        } catch (ConnectException e) {
            throw new IOException(
                    "nothing listens on " + at
                            + "; say --admin with the admin port of a running sidecar or control plane",
                    e);
        }
        if (response.statusCode() != 200) {
            throw new IOException(at + " answered " + response.statusCode() + ": "
                    + response.body().strip());
        }
        return json.readTree(response.body());
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
