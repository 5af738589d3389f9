package dev.sidestep.examples.frontend;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.concurrent.Semaphore;

/**
 * Calls over one client. At each tick several start at once, so that its pool holds as many connections, all in use;
 * the beat does not wait for answers, as users do not.
 */
final class HttpCalls {
    private static final int MAX_IN_FLIGHT = 200;

    private final Frontend.Config config;
    private final CallLog log;
    private final HttpClient client;
    private final Semaphore inFlight = new Semaphore(MAX_IN_FLIGHT);

    HttpCalls(Frontend.Config config, CallLog log) {
        this.config = config;
        this.log = log;
        this.client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(config.timeout())
                .build();
    }

    void work(Ticks ticks) throws InterruptedException {
        for (long tick = ticks.next(); tick >= 0; tick = ticks.next()) {
            for (int i = 0; i < config.connections(); i++) {
                inFlight.acquire();
                call(isPost(tick + i) ? "POST" : "GET");
            }
        }
        inFlight.acquire(MAX_IN_FLIGHT); // All have ended.
    }

    private boolean isPost(long number) {
        return config.postEvery() > 0 && Math.floorMod(number, config.postEvery()) == config.postEvery() - 1;
    }

    private void call(String method) {
        HttpRequest request = HttpRequest.newBuilder(config.http())
                .timeout(config.timeout())
                .header("User-Agent", config.name())
                .method(method, method.equals("POST") ? BodyPublishers.ofString("{}") : BodyPublishers.noBody())
                .build();
        long start = CallLog.now();
        var unused = client.sendAsync(request, BodyHandlers.ofString()).handle((response, thrown) -> {
            inFlight.release();
            if (thrown != null) {
                log.failed(start, method, "-", CallLog.text(thrown));
            } else {
                log(start, method, response);
            }
            return method;
        });
    }

    private void log(long start, String method, HttpResponse<String> response) {
        String pod = response.headers().firstValue("pod").orElse("-");
        if (response.statusCode() == 200) {
            log.answered(start, method, pod);
        } else {
            log.failed(start, method, pod, response + " " + response.headers().map() + " " + response.body());
        }
    }

    static URI url(String text) {
        URI url = URI.create(text);
        if (url.getHost() == null) {
            throw new IllegalArgumentException("--http " + text + " (expected: http://host:port/path)");
        }
        return url;
    }
}
