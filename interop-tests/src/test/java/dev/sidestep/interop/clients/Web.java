package dev.sidestep.interop.clients;

import dev.sidestep.testkit.Await;
import dev.sidestep.testkit.ChildProcess;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** Plain HTTP/1.1 calls of the tests themselves. */
final class Web {
    private static final HttpClient CLIENT = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();

    private Web() {}

    static HttpResponse<String> get(String uri) throws IOException {
        try {
            return CLIENT.send(
                    HttpRequest.newBuilder(URI.create(uri))
                            .timeout(Duration.ofSeconds(10))
                            .build(),
                    BodyHandlers.ofString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted: " + uri, e);
        }
    }

    /** Waits for the first 200. */
    static void awaitOk(ChildProcess process, String uri, Duration limit) {
        try {
            Await.until(
                    "200 from " + uri,
                    limit,
                    () -> !process.isAlive() || get(uri).statusCode() == 200,
                    () -> "another status");
        } catch (AssertionError e) {
            throw new AssertionError(
                    e.getMessage() + "; the process printed:\n" + String.join("\n", process.output()), e);
        }
        if (!process.isAlive()) {
            throw new AssertionError("ended at once; it printed:\n" + String.join("\n", process.output()));
        }
    }
}
