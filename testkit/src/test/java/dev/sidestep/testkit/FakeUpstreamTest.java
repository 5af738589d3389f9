package dev.sidestep.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FakeUpstreamTest {
    private final FakeUpstream upstream = FakeUpstream.start("pod-1");
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    @AfterEach
    void close() {
        upstream.close();
    }

    @Test
    void answersWithItsNameOverOneKeptConnection() throws Exception {
        for (int i = 0; i < 3; i++) {
            assertThat(get().body()).isEqualTo("pod-1");
        }
        assertThat(upstream.requestCount()).isEqualTo(3);
        assertThat(upstream.acceptedConnections()).isEqualTo(1);
    }

    @Test
    void readsBodiesWithALengthAndInChunks() throws Exception {
        byte[] body = "hello".getBytes(StandardCharsets.UTF_8);
        client.send(request().POST(BodyPublishers.ofByteArray(body)).build(), BodyHandlers.discarding());
        client.send(
                request()
                        .POST(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body)))
                        .build(),
                BodyHandlers.discarding());
        assertThat(upstream.requests()).extracting(Http1.Request::body).containsExactly("hello", "hello");
    }

    @Test
    void hangsUntilHealed() throws Exception {
        upstream.fail(new FakeUpstream.Fault.Hang());
        CompletableFuture<HttpResponse<String>> answer =
                client.sendAsync(request().build(), BodyHandlers.ofString());
        Await.until("the request has arrived", Duration.ofSeconds(5), () -> upstream.requestCount() == 1);
        assertThat(answer).isNotDone();
        upstream.heal();
        assertThat(answer.get().body()).isEqualTo("pod-1");
    }

    @Test
    void resetsAndRefusesAndComesBackOnItsPort() throws Exception {
        int port = upstream.port();
        upstream.fail(new FakeUpstream.Fault.Reset());
        assertThatThrownBy(this::get).isInstanceOf(IOException.class);
        upstream.fail(new FakeUpstream.Fault.Status(503));
        assertThat(get().statusCode()).isEqualTo(503);
        upstream.refuse();
        assertThatThrownBy(this::get).isInstanceOf(IOException.class);
        upstream.accept();
        upstream.heal();
        assertThat(upstream.port()).isEqualTo(port);
        assertThat(get().statusCode()).isEqualTo(200);
    }

    private HttpResponse<String> get() throws IOException, InterruptedException {
        return client.send(request().build(), BodyHandlers.ofString());
    }

    private HttpRequest.Builder request() {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + upstream.port() + "/api"))
                .timeout(Duration.ofSeconds(10));
    }
}
