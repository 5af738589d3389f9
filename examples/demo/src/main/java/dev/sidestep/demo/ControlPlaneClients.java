package dev.sidestep.demo;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** How many clients a control plane has, by its own metrics. */
final class ControlPlaneClients {
    private static final Pattern STREAMS = Pattern.compile("(?m)^sidestep_xds_streams(?:\\{[^}]*})? ([0-9.]+)$");
    private static final Duration TIMEOUT = Duration.ofSeconds(1);

    private final HttpClient client;
    private final URI metrics;

    ControlPlaneClients(HttpClient client, InetSocketAddress admin) {
        this.client = client;
        this.metrics = URI.create("http://" + Programs.text(admin) + "/metrics");
    }

    /** 0 while it does not answer. */
    int count() {
        try {
            var request = HttpRequest.newBuilder(metrics).timeout(TIMEOUT).build();
            return parse(client.send(request, BodyHandlers.ofString()).body());
        } catch (IOException e) {
            return 0;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return 0;
        }
    }

    static int parse(String metrics) {
        return STREAMS.matcher(metrics)
                .results()
                .map(MatchResult::group)
                .map(line -> line.substring(line.lastIndexOf(' ') + 1))
                .mapToInt(value -> (int) Double.parseDouble(value))
                .sum();
    }
}
