package dev.sidestep.cli.cluster;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** The admin pages of one running process. */
public final class AdminPort {
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    private final String name;
    private final InetSocketAddress at;
    private final ObjectMapper json = new ObjectMapper();

    /**
     * @param name what messages call it
     * @param at where it listens, for this machine
     */
    public AdminPort(String name, InetSocketAddress at) {
        this.name = name;
        this.at = at;
    }

    /** One that the user named by its address. */
    public static AdminPort at(InetSocketAddress address) {
        return new AdminPort(text(address), address);
    }

    public String name() {
        return name;
    }

    /**
     * What {@code path} answers.
     *
     * @param path with its query
     * @throws IOException without an answer of status 200; for the user
     */
    public JsonNode get(String path) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create("http://" + text(at) + path))
                .timeout(TIMEOUT)
                .build();
        HttpResponse<String> response;
        try {
            // Straight to it: a proxy in the way of a question about proxies would answer for another.
            response = HttpClient.newBuilder()
                    .version(HttpClient.Version.HTTP_1_1)
                    .proxy(HttpClient.Builder.NO_PROXY)
                    .connectTimeout(TIMEOUT)
                    .build()
                    .send(request, BodyHandlers.ofString());
        } catch (ConnectException e) {
            throw new IOException(
                    "nothing listens on " + name
                            + "; say --admin with the admin port of a running sidecar or control plane",
                    e);
        } catch (HttpTimeoutException e) {
            throw new IOException(name + " does not answer within " + TIMEOUT.toSeconds() + " s", e);
        } catch (IOException e) {
            // A port-forward takes any connection, and closes it when the pod takes none.
            throw new IOException(name + " gives no answer (" + e.getMessage() + "); is it up, and is it ours?", e);
        }
        if (response.statusCode() != 200) {
            throw new IOException(name + " answered " + response.statusCode() + ": "
                    + response.body().strip());
        }
        return json.readTree(response.body());
    }

    private static String text(InetSocketAddress address) {
        String host = address.getAddress().getHostAddress();
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + address.getPort();
    }
}
