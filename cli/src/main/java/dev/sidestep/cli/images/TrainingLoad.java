package dev.sidestep.cli.images;

import com.sun.net.httpserver.HttpServer;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.ServerCalls;
import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Servers, a client and manifests for training: every kind of call that a sidecar carries, over every way in. For one
 * thread.
 */
final class TrainingLoad implements AutoCloseable {
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();
    private static final int PROXY = 16001;
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Duration FIRST_ANSWER = Duration.ofSeconds(60);
    /** Of each round: 36 by HTTP/1.1, 7 by gRPC, 2 tunnels. */
    static final int CALLS = 45;

    private static final byte[] BODY = new byte[20_000];

    private static final MethodDescriptor.Marshaller<byte[]> BYTES = new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    };

    private static final MethodDescriptor<byte[], byte[]> CALL = method(MethodDescriptor.MethodType.UNARY, "call");
    private static final MethodDescriptor<byte[], byte[]> STREAM =
            method(MethodDescriptor.MethodType.SERVER_STREAMING, "stream");

    private final Told told;
    private final List<Closeable> open = new ArrayList<>();
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .proxy(ProxySelector.of(new InetSocketAddress(LOOPBACK, PROXY)))
            .connectTimeout(PATIENCE)
            .build();

    private final HttpClient direct = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(PATIENCE)
            .build();

    /** Hears of a Service with its endpoints, and of its later states, as manifests: the control plane is to know them. */
    interface Told {
        void of(String service, String manifests) throws IOException;
    }

    /** What else there is in a round. */
    interface Round {
        void play(int round) throws IOException, InterruptedException;
    }

    /** Tells of four Services, the first with two endpoints and one that is away. */
    TrainingLoad(Told told) throws IOException {
        this.told = told;
        for (int port : List.of(18081, 18082)) {
            web(port);
        }
        grpc(19090);
        echo(17070);
        service("web", "http", 80, List.of(18081, 18082, 18083));
        service("greeter", "grpc", 9000, List.of(19090));
        service("store", "tcp", 7000, List.of(17070));
        service("plain", "", 8000, List.of(18081));
    }

    private static MethodDescriptor<byte[], byte[]> method(MethodDescriptor.MethodType type, String name) {
        return MethodDescriptor.<byte[], byte[]>newBuilder(BYTES, BYTES)
                .setType(type)
                .setFullMethodName("training.Training/" + name)
                .build();
    }

    private void web(int port) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(LOOPBACK, port), 0);
        var threads = Executors.newCachedThreadPool();
        server.setExecutor(threads);
        server.createContext("/", exchange -> {
            byte[] body = exchange.getRequestBody().readAllBytes();
            String path = exchange.getRequestURI().getPath();
            int status = path.equals("/bad") ? 503 : 200;
            // 0 is chunked, to com.sun.net.httpserver.
            exchange.sendResponseHeaders(status, path.equals("/chunked") ? 0 : Math.max(body.length, 4));
            exchange.getResponseBody().write(body.length < 4 ? "good".getBytes(StandardCharsets.UTF_8) : body);
            exchange.close();
        });
        server.start();
        open.add(() -> {
            server.stop(0);
            threads.shutdownNow();
        });
    }

    private void grpc(int port) throws IOException {
        Server server = NettyServerBuilder.forAddress(new InetSocketAddress(LOOPBACK, port))
                .addService(ServerServiceDefinition.builder("training.Training")
                        .addMethod(CALL, ServerCalls.asyncUnaryCall((request, reply) -> {
                            if (request.length == 0) {
                                reply.onError(Status.UNAVAILABLE.asRuntimeException());
                                return;
                            }
                            reply.onNext(request);
                            reply.onCompleted();
                        }))
                        .addMethod(STREAM, ServerCalls.asyncServerStreamingCall((request, reply) -> {
                            for (int i = 0; i < 5; i++) {
                                reply.onNext(request);
                            }
                            reply.onCompleted();
                        }))
                        .build())
                .build()
                .start();
        open.add(server::shutdownNow);
    }

    private void echo(int port) throws IOException {
        ServerSocket server = new ServerSocket();
        server.bind(new InetSocketAddress(LOOPBACK, port));
        open.add(server);
        var threads = Executors.newCachedThreadPool();
        open.add(threads::shutdownNow);
        threads.execute(() -> {
            while (!server.isClosed()) {
                try {
                    Socket client = server.accept();
                    threads.execute(() -> {
                        try (client) {
                            client.getInputStream().transferTo(client.getOutputStream());
                        } catch (IOException e) {
                            return; // The client is gone.
                        }
                    });
                } catch (IOException e) {
                    return; // Closed.
                }
            }
        });
    }

    /** Writes a Service of the namespace {@code training} with {@code ports} on loopback as its endpoints. */
    private void service(String name, String portName, int port, List<Integer> ports) throws IOException {
        var text = new StringBuilder("""
                apiVersion: v1
                kind: Service
                metadata: {name: %1$s, namespace: training}
                spec:
                  clusterIP: 127.0.1.1
                  selector: {app: %1$s}
                  ports: [{name: "%2$s", port: %3$d, targetPort: %4$d}]
                """.formatted(name, portName, port, ports.get(0)));
        for (int each : ports) {
            text.append("""
                    ---
                    apiVersion: discovery.k8s.io/v1
                    kind: EndpointSlice
                    metadata: {name: %1$s-%3$d, namespace: training, labels: {kubernetes.io/service-name: %1$s}}
                    addressType: IPv4
                    ports: [{name: "%2$s", port: %3$d, protocol: TCP}]
                    endpoints: [{addresses: [127.0.0.1], conditions: {ready: true, serving: true, terminating: false}}]
                    """.formatted(name, portName, each));
        }
        told.of(name, text.toString());
    }

    /** Calls of every kind, so many times; half-way an endpoint goes. Answers how many calls came back as they should. */
    int run(int rounds, Round more) throws IOException, InterruptedException {
        awaitFirstAnswer();
        int good = 0;
        ManagedChannel channel = NettyChannelBuilder.forAddress(new InetSocketAddress(LOOPBACK, PROXY))
                .overrideAuthority("greeter.training:9000")
                .usePlaintext()
                .build();
        try {
            for (int round = 0; round < rounds; round++) {
                good += web("http://web.training/", 20);
                good += web("http://web.training.svc.cluster.local/chunked", 10);
                good += web("http://plain.training:8000/", 3);
                good += web("http://web/", 3);
                web("http://web.training/bad", 1);
                good += grpc(channel);
                good += tunnel("store.training:7000", "\0hello".getBytes(StandardCharsets.UTF_8));
                // The first bytes of a TLS client: passed through.
                good += tunnel("store.training.svc:7000", new byte[] {22, 3, 1, 0, 5, 1, 0, 0, 1, 0});
                more.play(round);
                admin();
                if (round == rounds / 2) {
                    service("web", "http", 80, List.of(18081, 18082));
                }
            }
        } finally {
            channel.shutdownNow();
            channel.awaitTermination(5, TimeUnit.SECONDS);
        }
        return good;
    }

    /** Until the client has heard of the Services from the control plane, its calls go where nobody answers. */
    private void awaitFirstAnswer() throws IOException, InterruptedException {
        long begin = System.nanoTime();
        while (web("http://web.training/", 1) == 0) {
            if (System.nanoTime() - begin > FIRST_ANSWER.toNanos()) {
                throw new IllegalStateException("no call answered in " + FIRST_ANSWER.toSeconds() + " s");
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    private int web(String url, int count) throws IOException, InterruptedException {
        int good = 0;
        for (int i = 0; i < count; i++) {
            var request = HttpRequest.newBuilder(URI.create(url)).timeout(PATIENCE);
            if (i % 3 == 2) {
                request.POST(HttpRequest.BodyPublishers.ofByteArray(Arrays.copyOf(BODY, 10 + i * 700)));
            }
            HttpResponse<byte[]> response = http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
            good += response.statusCode() == 200 ? 1 : 0;
        }
        return good;
    }

    private static int grpc(ManagedChannel channel) {
        var metadata = new Metadata();
        metadata.put(Metadata.Key.of("x-training", Metadata.ASCII_STRING_MARSHALLER), "yes");
        var called = io.grpc.ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(metadata));
        CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        int good = 0;
        for (int size : new int[] {10, 200, 20_000, 0, 30, 40}) {
            try {
                ClientCalls.blockingUnaryCall(called, CALL, options, new byte[size]);
                good++;
            } catch (StatusRuntimeException e) {
                good += size == 0 ? 1 : 0; // As asked for.
            }
        }
        try {
            ClientCalls.blockingServerStreamingCall(channel, STREAM, options, new byte[2000])
                    .forEachRemaining(each -> {});
            good++;
        } catch (StatusRuntimeException e) {
            return good;
        }
        return good;
    }

    /** A tunnel of the explicit proxy, and an echo through it. */
    private static int tunnel(String authority, byte[] first) {
        try (Socket socket = new Socket(LOOPBACK, PROXY)) {
            socket.setSoTimeout((int) PATIENCE.toMillis());
            OutputStream out = socket.getOutputStream();
            out.write(("CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            InputStream in = socket.getInputStream();
            var head = new StringBuilder();
            while (head.indexOf("\r\n\r\n") < 0) {
                int next = in.read();
                if (next < 0) {
                    return 0;
                }
                head.append((char) next);
            }
            out.write(first);
            return Arrays.equals(in.readNBytes(first.length), first) ? 1 : 0;
        } catch (IOException e) {
            return 0;
        }
    }

    /**
     * What machinery asks both processes, and people the control plane. Not what people ask the sidecar: each class that is
     * trained is memory in every pod.
     */
    private void admin() throws IOException, InterruptedException {
        for (String url : List.of(
                "16020/healthz",
                "16020/readyz",
                "16020/metrics",
                "16080/healthz",
                "16080/readyz",
                "16080/status",
                "16080/metrics",
                "16080/config_dump",
                "16080/why?host=web.training")) {
            direct.send(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + url))
                            .timeout(PATIENCE)
                            .build(),
                    HttpResponse.BodyHandlers.discarding());
        }
    }

    @Override
    public void close() throws IOException {
        for (Closeable each : open) {
            each.close();
        }
    }
}
