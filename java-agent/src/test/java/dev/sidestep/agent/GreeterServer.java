package dev.sidestep.agent;

import dev.sidestep.agent.app.TextMarshaller;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A gRPC backend that answers with its name; to {@code hang} it answers nothing, nor to anything while it is hung; to
 * {@code fail CODE} with that status and its name.
 */
final class GreeterServer implements AutoCloseable {
    private final String name;
    private final AtomicInteger calls = new AtomicInteger();
    private final Set<String> authorities = ConcurrentHashMap.newKeySet();
    private volatile boolean hung;
    private volatile Status.@Nullable Code broken;
    private volatile boolean brokenLate;
    private final int port;
    private Server server;

    private GreeterServer(String name) {
        this.name = name;
        this.server = start(0);
        this.port = server.getPort();
    }

    /** Runs one until it is killed. */
    public static void main(String[] name) throws InterruptedException {
        GreeterServer greeter = start(name[0]);
        System.out.println("listening on " + greeter.port());
        greeter.server.awaitTermination();
    }

    static GreeterServer start(String name) {
        return new GreeterServer(name);
    }

    private Server start(int port) {
        ServerServiceDefinition service = ServerServiceDefinition.builder("demo.Greeter")
                .addMethod(TextMarshaller.HELLO, ServerCalls.<String, String>asyncUnaryCall((request, answer) -> {
                    calls.incrementAndGet();
                    Status.Code code = broken;
                    if (code != null) {
                        if (brokenLate) {
                            answer.onNext(name);
                        }
                        answer.onError(code.toStatus().withDescription(name).asRuntimeException());
                        return;
                    }
                    if (request.startsWith("fail ")) {
                        answer.onError(Status.Code.valueOf(request.substring("fail ".length()))
                                .toStatus()
                                .withDescription(name)
                                .asRuntimeException());
                        return;
                    }
                    if (!hung && !request.equals("hang")) {
                        answer.onNext(name);
                        answer.onCompleted();
                    }
                }))
                .build();
        try {
            return NettyServerBuilder.forAddress(
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
                            InsecureServerCredentials.create())
                    .addService(ServerInterceptors.intercept(service, new Authorities()))
                    .build()
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int port() {
        return port;
    }

    int calls() {
        return calls.get();
    }

    /** What {@code :authority} its calls had. */
    Set<String> authorities() {
        return authorities;
    }

    /** Answers with this status from now on; null: as it should. */
    void fail(Status.@Nullable Code code) {
        broken = code;
    }

    /** The same, after a message. */
    void failLate(Status.Code code) {
        brokenLate = true;
        broken = code;
    }

    void hang() {
        hung = true;
    }

    /** Refuses connections from now on; calls under way are reset. */
    void kill() {
        server.shutdownNow();
    }

    void restart() {
        server = start(port);
    }

    @Override
    public void close() {
        server.shutdownNow();
    }

    private final class Authorities implements ServerInterceptor {
        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            authorities.add(String.valueOf(call.getAuthority()));
            return next.startCall(call, headers);
        }
    }
}
