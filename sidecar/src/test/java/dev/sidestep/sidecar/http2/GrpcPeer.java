package dev.sidestep.sidecar.http2;

import static io.grpc.MethodDescriptor.MethodType.BIDI_STREAMING;
import static io.grpc.MethodDescriptor.MethodType.CLIENT_STREAMING;
import static io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING;
import static io.grpc.MethodDescriptor.MethodType.UNARY;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A real gRPC server on a port of its own that answers every call with its name, an echo, or what it was told to do. */
public final class GrpcPeer implements AutoCloseable {
    public static final MethodDescriptor<byte[], byte[]> ECHO = method("Echo", UNARY);
    public static final MethodDescriptor<byte[], byte[]> NAME = method("Name", UNARY);
    public static final MethodDescriptor<byte[], byte[]> FAIL = method("Fail", UNARY);
    public static final MethodDescriptor<byte[], byte[]> HANG = method("Hang", UNARY);
    public static final MethodDescriptor<byte[], byte[]> COUNT = method("Count", SERVER_STREAMING);
    public static final MethodDescriptor<byte[], byte[]> SUM = method("Sum", CLIENT_STREAMING);
    public static final MethodDescriptor<byte[], byte[]> CHAT = method("Chat", BIDI_STREAMING);
    static final Metadata.Key<String> ASKED = Metadata.Key.of("x-asked", Metadata.ASCII_STRING_MARSHALLER);
    static final Metadata.Key<byte[]> TRAILER = Metadata.Key.of("answer-bin", Metadata.BINARY_BYTE_MARSHALLER);
    static final Metadata.Key<String> ATTEMPT = Metadata.Key.of("x-sidestep-attempt", Metadata.ASCII_STRING_MARSHALLER);

    public final AtomicInteger calls = new AtomicInteger();
    final AtomicInteger cancelled = new AtomicInteger();
    final AtomicInteger attempts = new AtomicInteger();
    private final String name;
    private final Server server;

    public GrpcPeer(String name) throws IOException {
        this(name, Integer.MAX_VALUE);
    }

    /** One at {@code address}, an address of this machine. */
    public GrpcPeer(String name, InetAddress address) throws IOException {
        this(name, address, Integer.MAX_VALUE);
    }

    GrpcPeer(String name, int maxStreams) throws IOException {
        this(name, InetAddress.getLoopbackAddress(), maxStreams);
    }

    private GrpcPeer(String name, InetAddress address, int maxStreams) throws IOException {
        this.name = name;
        server = NettyServerBuilder.forAddress(new InetSocketAddress(address, 0))
                .maxConcurrentCallsPerConnection(maxStreams)
                .maxInboundMessageSize(64 << 20)
                .addService(ServerInterceptors.intercept(service(), new Headers()))
                .build()
                .start();
    }

    public InetSocketAddress address() {
        return (InetSocketAddress) server.getListenSockets().get(0);
    }

    Server server() {
        return server;
    }

    @Override
    public void close() {
        server.shutdownNow();
        try {
            server.awaitTermination(5, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private ServerServiceDefinition service() {
        return ServerServiceDefinition.builder("test.Peer")
                .addMethod(ECHO, ServerCalls.asyncUnaryCall((request, response) -> {
                    response.onNext(request);
                    response.onCompleted();
                }))
                .addMethod(NAME, ServerCalls.asyncUnaryCall((request, response) -> {
                    response.onNext(name.getBytes(UTF_8));
                    response.onCompleted();
                }))
                .addMethod(
                        FAIL,
                        ServerCalls.asyncUnaryCall(
                                (request, response) -> response.onError(Status.fromCodeValue(request[0])
                                        .withDescription("as told")
                                        .asException())))
                .addMethod(
                        HANG,
                        ServerCalls.asyncUnaryCall((request, response) ->
                                Context.current().addListener(c -> cancelled.incrementAndGet(), Runnable::run)))
                .addMethod(COUNT, ServerCalls.asyncServerStreamingCall((request, response) -> {
                    for (int i = 0; i < request[0]; i++) {
                        response.onNext(new byte[] {(byte) i});
                    }
                    response.onCompleted();
                }))
                .addMethod(SUM, ServerCalls.asyncClientStreamingCall(GrpcPeer::sum))
                .addMethod(CHAT, ServerCalls.asyncBidiStreamingCall(this::chat))
                .build();
    }

    private static StreamObserver<byte[]> sum(StreamObserver<byte[]> response) {
        return new StreamObserver<>() {
            private int sum;

            @Override
            public void onNext(byte[] value) {
                sum += value.length;
            }

            @Override
            public void onError(Throwable t) {}

            @Override
            public void onCompleted() {
                response.onNext(Integer.toString(sum).getBytes(UTF_8));
                response.onCompleted();
            }
        };
    }

    private StreamObserver<byte[]> chat(StreamObserver<byte[]> response) {
        return new StreamObserver<>() {
            @Override
            public void onNext(byte[] value) {
                response.onNext(value);
            }

            @Override
            public void onError(Throwable t) {
                cancelled.incrementAndGet();
            }

            @Override
            public void onCompleted() {
                response.onCompleted();
            }
        };
    }

    private static MethodDescriptor<byte[], byte[]> method(String name, MethodDescriptor.MethodType type) {
        return MethodDescriptor.<byte[], byte[]>newBuilder()
                .setType(type)
                .setFullMethodName("test.Peer/" + name)
                .setRequestMarshaller(new Bytes())
                .setResponseMarshaller(new Bytes())
                .build();
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
                throw new UncheckedIOException(e);
            }
        }
    }

    /** Counts calls, and echoes one header in the trailers. */
    private final class Headers implements ServerInterceptor {
        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            calls.incrementAndGet();
            String asked = headers.get(ASKED);
            String attempt = headers.get(ATTEMPT);
            if (attempt != null) {
                attempts.set(Integer.parseInt(attempt));
            }
            return next.startCall(
                    new io.grpc.ForwardingServerCall.SimpleForwardingServerCall<>(call) {
                        @Override
                        public void close(Status status, Metadata trailers) {
                            if (asked != null) {
                                trailers.put(TRAILER, asked.getBytes(UTF_8));
                            }
                            super.close(status, trailers);
                        }
                    },
                    headers);
        }
    }
}
