package dev.sidestep.examples.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sidestep.examples.greeter.GreetRequest;
import dev.sidestep.examples.greeter.GreeterGrpc;
import dev.sidestep.testkit.ChildProcess;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FaultsIT {
    private static final Duration START = Duration.ofSeconds(30);

    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private HttpServer http;
    private Server grpc;
    private ManagedChannel channel;

    @BeforeEach
    void start() throws Exception {
        var config = new Backend.Config("pod-1", "127.0.0.1", 0, 0, 0, false);
        var faults = new Faults();
        var log = new AccessLog(new PrintStream(System.err, true, StandardCharsets.UTF_8), false);
        http = HttpServer.start(config, loops, faults, log);
        grpc = new GrpcServer(config, loops, faults, log).start();
        channel = NettyChannelBuilder.forAddress("127.0.0.1", grpc.getPort())
                .usePlaintext()
                .build();
    }

    @AfterEach
    void stop() {
        channel.shutdownNow();
        grpc.shutdownNow();
        http.drain();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }

    @Test
    void answersWithItsPodByHttpAndGrpc() throws Exception {
        assertThat(get("/api").body()).isEqualTo("pod-1\n");
        assertThat(greet()).isEqualTo("pod-1");
        assertThat(get("/nothing").statusCode()).isEqualTo(404);
    }

    @Test
    void failsOnOnePathAlone() throws Exception {
        control("kind=status&status=500&path=/api/orders");
        assertThat(get("/api/orders").statusCode()).isEqualTo(500);
        assertThat(get("/api").statusCode()).isEqualTo(200);
        assertThat(greet()).isEqualTo("pod-1");
    }

    @Test
    void failsEverywhere() throws Exception {
        control("kind=status&status=503");
        assertThat(get("/api").statusCode()).isEqualTo(503);
        assertThat(get("/ready").statusCode()).isEqualTo(503);
        assertThatThrownBy(this::greet)
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE));
    }

    @Test
    void hangsUntilItIsHealedAndThenAnswersLate() throws Exception {
        control("kind=hang");
        CompletableFuture<HttpResponse<String>> hanging = client.sendAsync(request("/api"), BodyHandlers.ofString());
        assertThat(hanging).isNotCompleted();
        assertThatThrownBy(this::greet).hasMessageStartingWith("DEADLINE_EXCEEDED");
        heal();
        assertThat(hanging.get(10, TimeUnit.SECONDS).body()).isEqualTo("pod-1\n");
        assertThat(greet()).isEqualTo("pod-1");
    }

    @Test
    void resetsTheConnection() throws Exception {
        control("kind=reset");
        assertThatThrownBy(() -> get("/api")).isInstanceOf(IOException.class);
        assertThatThrownBy(this::greet).hasMessageStartingWith("UNAVAILABLE");
        heal();
        assertThat(get("/api").statusCode()).isEqualTo(200);
    }

    @Test
    void endsItsProcessAtTheNextRequest() throws Exception {
        try (ChildProcess backend = ChildProcess.start("backend", java(Backend.class.getName()))) {
            int port = Integer.parseInt(backend.awaitLine("listening", START).split("\t", -1)[2]);
            var to = URI.create("http://127.0.0.1:" + port);
            HttpRequest halt = HttpRequest.newBuilder(to.resolve("/faults?kind=halt"))
                    .POST(BodyPublishers.noBody())
                    .build();
            assertThat(client.send(halt, BodyHandlers.discarding()).statusCode())
                    .isEqualTo(200);
            HttpRequest call = HttpRequest.newBuilder(to.resolve("/api")).build();
            assertThatThrownBy(() -> client.send(call, BodyHandlers.discarding()))
                    .isInstanceOf(IOException.class);
            assertThat(backend.awaitExit(START)).isEqualTo(137);
        }
    }

    @Test
    void answersPipelinedRequestsInTheirOrder() throws Exception {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), http.port())) {
            socket.setSoTimeout(10_000);
            String last = "Connection: close";
            for (String request : List.of("GET /api HTTP/1.1", "GET /ready HTTP/1.1")) {
                List<String> lines =
                        List.of(request, "Host: a", request.contains("ready") ? last : "Accept: */*", "", "");
                socket.getOutputStream().write(String.join("\r\n", lines).getBytes(StandardCharsets.US_ASCII));
            }
            String answers = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            assertThat(answers).containsSubsequence("200 OK", "\r\n\r\npod-1\n", "200 OK", "\r\n\r\nready\n");
        }
    }

    @Test
    void refusesAFaultThatThereIsNot() throws Exception {
        HttpResponse<String> answer = control("kind=sulk");
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body()).startsWith("kind: \"sulk\" (expected: latency&ms=N");
    }

    private static List<String> java(String main) {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        return List.of(java, "-cp", System.getProperty("java.class.path"), main);
    }

    private String greet() {
        return GreeterGrpc.newBlockingStub(channel)
                .withDeadlineAfter(500, TimeUnit.MILLISECONDS)
                .greet(GreetRequest.getDefaultInstance())
                .getPod();
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(request(path), BodyHandlers.ofString());
    }

    private HttpResponse<String> control(String fault) throws IOException, InterruptedException {
        return client.send(
                builder("/faults?" + fault).POST(BodyPublishers.noBody()).build(), BodyHandlers.ofString());
    }

    private void heal() throws IOException, InterruptedException {
        client.send(builder("/faults").DELETE().build(), BodyHandlers.discarding());
    }

    private HttpRequest request(String path) {
        return builder(path).build();
    }

    private HttpRequest.Builder builder(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + http.port() + path))
                .timeout(Duration.ofSeconds(10));
    }
}
