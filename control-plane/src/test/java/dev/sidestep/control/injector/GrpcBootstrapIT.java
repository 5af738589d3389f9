package dev.sidestep.control.injector;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.control.auth.HeldIdentity;
import dev.sidestep.control.auth.ServerIdentity;
import dev.sidestep.control.settings.Settings;
import dev.sidestep.testkit.Requirements;
import io.grpc.HandlerRegistry;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerMethodDefinition;
import io.grpc.TlsServerCredentials;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** That gRPC as it is shows its token, over TLS with our CA, when its environment is what the injector writes. */
final class GrpcBootstrapIT {
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    private static final String CALL = """
            import grpc
            channel = grpc.insecure_channel('xds:///backend-service.default.svc.cluster.local:80')
            try:
                channel.unary_unary('/a.B/C')(b'', timeout=20)
            except grpc.RpcError as e:
                print(e.code())
            """;

    @TempDir
    private Path folder;

    @Test
    void pythonShowsItsToken() throws Exception {
        Path python = Requirements.program("python3");
        Requirements.that(has(python, "grpc"), "python3 without grpcio (pip install grpcio==1.85.1)");
        ServerIdentity identity = HeldIdentity.selfMade(
                Set.of("localhost"),
                Set.of(InetAddress.getLoopbackAddress()),
                InstantSource.system(),
                new SecureRandom());
        BlockingQueue<String> shown = new LinkedBlockingQueue<>();
        Server server = listen(identity, shown);
        try {
            String token = token();
            Files.writeString(folder.resolve("ca.crt"), identity.bundle());
            Files.writeString(folder.resolve("token"), token);
            JsonNode app = injected();
            String bootstrap = PodBuilder.env(app, GrpcPlacement.BOOTSTRAP)
                    .replace(Identity.CONTROL_PLANE, "localhost:" + server.getPort())
                    .replace(Identity.IDENTITY_PATH, folder.toString())
                    .replace("$(SIDESTEP_POD_NAME)", "web-0")
                    .replace("$(SIDESTEP_NAMESPACE)", "default")
                    .replace("$(SIDESTEP_NODE_NAME)", "n1");
            Map<String, String> environment = Map.of(
                    GrpcPlacement.BOOTSTRAP,
                    bootstrap,
                    GrpcPlacement.CALL_CREDENTIALS,
                    PodBuilder.env(app, GrpcPlacement.CALL_CREDENTIALS));
            try (Running client = Running.start(python, environment)) {
                assertThat(shown.poll(20, TimeUnit.SECONDS)).isEqualTo("Bearer " + token);
                assertThat(client.process().isAlive() || client.process().exitValue() == 0)
                        .isTrue();
            }
        } finally {
            server.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
        }
    }

    private static JsonNode injected() {
        return new Injector(Settings.DEFAULT, () -> "id")
                .decide(PodBuilder.pod("grpc"), NamespaceFacts.named("default"), ClusterFacts.unknown())
                .pod()
                .at("/spec/containers/0");
    }

    /** gRPC looks only at when it ends. */
    private static String token() {
        long now = InstantSource.system().millis() / 1000;
        return encode("{\"alg\":\"RS256\",\"typ\":\"JWT\"}") + "." + encode("{\"exp\":" + (now + 600) + "}") + "."
                + encode("signature");
    }

    private static String encode(String text) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private static boolean has(Path python, String module) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(python.toString(), "-c", "import " + module)
                .redirectErrorStream(true)
                .start();
        return process.waitFor(30, TimeUnit.SECONDS) && process.exitValue() == 0;
    }

    /** Answers no call, and notes what each shows. */
    private static Server listen(ServerIdentity identity, BlockingQueue<String> shown) throws IOException {
        var credentials = TlsServerCredentials.newBuilder()
                .keyManager(identity.keyManager())
                .build();
        return NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), credentials)
                .fallbackHandlerRegistry(new HandlerRegistry() {
                    @Override
                    public ServerMethodDefinition<?, ?> lookupMethod(String name, String authority) {
                        return ServerMethodDefinition.create(
                                MethodDescriptor.<byte[], byte[]>newBuilder()
                                        .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
                                        .setFullMethodName(name)
                                        .setRequestMarshaller(new Bytes())
                                        .setResponseMarshaller(new Bytes())
                                        .build(),
                                (call, headers) -> {
                                    shown.add(String.valueOf(headers.get(AUTHORIZATION)));
                                    return new ServerCall.Listener<>() {};
                                });
                    }
                })
                .build()
                .start();
    }

    private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
    }

    /** A client that ends with the test. */
    private record Running(Process process) implements AutoCloseable {
        static Running start(Path python, Map<String, String> environment) throws IOException {
            var builder = new ProcessBuilder(python.toString(), "-c", CALL);
            builder.environment().putAll(environment);
            return new Running(builder.redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start());
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }
}
