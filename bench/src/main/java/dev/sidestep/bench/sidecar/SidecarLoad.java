package dev.sidestep.bench.sidecar;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * What an application and its backends do in {@code bench/sidecar-memory}: at a fixed rate, HTTP/1.1 requests over
 * connections that stay, and gRPC calls, to Services by their cluster IPs, round robin. The backends listen on every
 * address of this network namespace. For one process, which ends with the load.
 */
public final class SidecarLoad {
    private static final int CONNECTIONS = 20;
    private static final byte[] ANSWER = new byte[1024];
    private static final int PATIENCE_MILLIS = 10_000;

    private static final MethodDescriptor<byte[], byte[]> CALL = MethodDescriptor.<byte[], byte[]>newBuilder(
                    new Bytes(), new Bytes())
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName("bench.Bench/Call")
            .build();

    private final LongAdder good = new LongAdder();
    private final LongAdder bad = new LongAdder();

    private SidecarLoad() {}

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

    /**
     * Arguments: {@code serve HTTP-PORT GRPC-PORT TLS-PORT PORT-BEHIND KEY-STORE PASSWORD}, which never ends; or {@code
     * load SECONDS RPS HTTP-NAMES GRPC-RPS GRPC-NAMES}, which prints how many calls were answered and how many not.
     */
    public static void main(String[] args) throws IOException, GeneralSecurityException, InterruptedException {
        if (args[0].equals("serve")) {
            var tls = new TlsPort(number(args[3]), number(args[4]), new File(args[5]), args[6].toCharArray());
            daemon(tls::run);
            serve(number(args[1]), number(args[2]));
            return;
        }
        var load = new SidecarLoad();
        load.run(Long.parseLong(args[1]), number(args[2]), number(args[3]), number(args[4]), number(args[5]));
        System.out.println("answered=" + load.good + " failed=" + load.bad);
    }

    private static int number(String text) {
        return Integer.parseInt(text);
    }

    private static void serve(int http, int grpc) throws IOException, InterruptedException {
        var greeter = NettyServerBuilder.forAddress(new InetSocketAddress(grpc))
                .addService(ServerServiceDefinition.builder("bench.Bench")
                        .addMethod(CALL, ServerCalls.asyncUnaryCall((request, reply) -> {
                            reply.onNext(request);
                            reply.onCompleted();
                        }))
                        .build())
                .build()
                .start();
        try (var server = new ServerSocket()) {
            server.bind(new InetSocketAddress(http), 1024);
            while (!greeter.isTerminated()) {
                Socket client = server.accept();
                daemon(() -> answer(client));
            }
        }
    }

    /** Each request head, which is all there is of a request, with a kilobyte. */
    private static void answer(Socket client) {
        byte[] head = ("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + ANSWER.length + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
        byte[] whole = Arrays.copyOf(head, head.length + ANSWER.length);
        try (client) {
            client.setTcpNoDelay(true);
            var in = new BufferedInputStream(client.getInputStream());
            while (readHead(in) != null) {
                client.getOutputStream().write(whole);
            }
        } catch (IOException e) {
            return; // The sidecar closes what it does not need.
        }
    }

    private static @Nullable String readHead(InputStream in) throws IOException {
        var head = new StringBuilder();
        while (head.indexOf("\r\n\r\n", Math.max(0, head.length() - 4)) < 0) {
            int next = in.read();
            if (next < 0) {
                return null;
            }
            head.append((char) next);
        }
        return head.toString();
    }

    private void run(long seconds, int rps, int httpNames, int grpcRps, int grpcNames) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        Thread[] threads = new Thread[CONNECTIONS + grpcNames];
        for (int i = 0; i < CONNECTIONS; i++) {
            int first = i;
            threads[i] = daemon(() -> http(first, httpNames, (double) rps / CONNECTIONS, end));
        }
        for (int i = 0; i < grpcNames; i++) {
            int name = httpNames + i;
            threads[CONNECTIONS + i] = daemon(() -> grpc(name, (double) grpcRps / grpcNames, end));
        }
        for (Thread each : threads) {
            each.join();
        }
    }

    /** One client of {@code count} Services, with a connection to each that it has called: every {@link #CONNECTIONS}th. */
    private void http(int first, int count, double perSecond, long end) {
        int mine = (count - first + CONNECTIONS - 1) / CONNECTIONS;
        Socket[] sockets = new Socket[mine];
        long period = (long) (1e9 / perSecond);
        long next = System.nanoTime() + period * first / CONNECTIONS;
        for (int turn = 0; next < end; turn++, next += period) {
            waitFor(next);
            int slot = turn % mine;
            int name = first + slot * CONNECTIONS;
            try {
                Socket socket = sockets[slot];
                if (socket == null) {
                    socket = new Socket();
                    socket.setTcpNoDelay(true);
                    socket.setSoTimeout(PATIENCE_MILLIS);
                    socket.connect(new InetSocketAddress(clusterIp(name), 80), PATIENCE_MILLIS);
                    sockets[slot] = socket;
                }
                request(socket, name, turn);
                good.increment();
            } catch (IOException e) {
                bad.increment();
                sockets[slot] = null;
            }
        }
    }

    private static void request(Socket socket, int name, int turn) throws IOException {
        OutputStream out = socket.getOutputStream();
        out.write(("GET /items/" + turn + "?page=2 HTTP/1.1\r\nHost: service-" + name
                        + "\r\nUser-Agent: bench\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
        InputStream in = socket.getInputStream();
        String head = readHead(in);
        if (head == null || !head.startsWith("HTTP/1.1 200 ") || in.readNBytes(ANSWER.length).length < ANSWER.length) {
            socket.close();
            throw new IOException("no answer");
        }
    }

    private void grpc(int name, double perSecond, long end) {
        ManagedChannel channel = NettyChannelBuilder.forAddress(new InetSocketAddress(clusterIp(name), 80))
                .overrideAuthority("service-" + name + ":80")
                .usePlaintext()
                .build();
        long period = (long) (1e9 / perSecond);
        CallOptions options = CallOptions.DEFAULT;
        for (long next = System.nanoTime() + period; next < end; next += period) {
            waitFor(next);
            try {
                ClientCalls.blockingUnaryCall(
                        channel,
                        CALL,
                        options.withDeadlineAfter(PATIENCE_MILLIS, TimeUnit.MILLISECONDS),
                        new byte[200]);
                good.increment();
            } catch (StatusRuntimeException e) {
                bad.increment();
            }
        }
        channel.shutdownNow();
    }

    static String clusterIp(int name) {
        return "10.96.0." + (name + 1);
    }

    private static void waitFor(long nanoTime) {
        for (long left = nanoTime - System.nanoTime(); left > 0; left = nanoTime - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    static Thread daemon(Runnable work) {
        var thread = new Thread(work, "bench");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }
}
