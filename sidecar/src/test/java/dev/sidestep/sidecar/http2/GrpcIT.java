package dev.sidestep.sidecar.http2;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sidestep.sidecar.LeakRecorder;
import dev.sidestep.testkit.Await;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** An unmodified grpc-java client, the proxy, and three unmodified grpc-java servers. */
@ExtendWith(LeakRecorder.Check.class)
final class GrpcIT {
    private final List<GrpcPeer> peers = new ArrayList<>();
    private Proxy proxy;
    private ManagedChannel channel;

    @BeforeEach
    void start() throws IOException {
        for (String name : List.of("a", "b", "c")) {
            peers.add(new GrpcPeer(name));
        }
        proxy = new Proxy();
        proxy.directory().put("greeter", peers.stream().map(GrpcPeer::address).toList());
        channel = NettyChannelBuilder.forAddress(proxy.address())
                .overrideAuthority("greeter")
                .usePlaintext()
                .maxInboundMessageSize(64 << 20)
                .build();
    }

    @AfterEach
    void stop() {
        channel.shutdownNow();
        proxy.close();
        peers.forEach(GrpcPeer::close);
    }

    @Test
    void callsOfOneChannelAreSpreadEvenly() {
        callNames(300);
        assertThat(peers).extracting(peer -> peer.calls.get()).containsExactly(100, 100, 100);
    }

    @Test
    void everyKindOfCallComesThrough() throws InterruptedException {
        assertThat(ClientCalls.blockingUnaryCall(channel, GrpcPeer.ECHO, CallOptions.DEFAULT, bytes("hello")))
                .isEqualTo(bytes("hello"));
        var counted = new ArrayList<Byte>();
        ClientCalls.blockingServerStreamingCall(channel, GrpcPeer.COUNT, CallOptions.DEFAULT, new byte[] {100})
                .forEachRemaining(message -> counted.add(message[0]));
        assertThat(counted).hasSize(100).isSorted();

        var sum = new Answers();
        var toSum = ClientCalls.asyncClientStreamingCall(channel.newCall(GrpcPeer.SUM, CallOptions.DEFAULT), sum);
        for (int i = 0; i < 1000; i++) {
            toSum.onNext(new byte[1000]);
        }
        toSum.onCompleted();
        assertThat(sum.await()).containsExactly("1000000");

        var chat = new Answers();
        var toChat = ClientCalls.asyncBidiStreamingCall(channel.newCall(GrpcPeer.CHAT, CallOptions.DEFAULT), chat);
        for (int i = 0; i < 50; i++) {
            toChat.onNext(bytes("m" + i));
            int sent = i + 1;
            Await.until("the answer to message " + i, Duration.ofSeconds(5), () -> chat.size() == sent);
        }
        toChat.onCompleted();
        assertThat(chat.await()).hasSize(50).last().isEqualTo("m49");
    }

    @Test
    void aMessageOfManyWindowsArrivesWhole() {
        byte[] large = new byte[20 << 20];
        new Random(7).nextBytes(large);
        assertThat(ClientCalls.blockingUnaryCall(channel, GrpcPeer.ECHO, CallOptions.DEFAULT, large))
                .isEqualTo(large);
    }

    @Test
    void metadataStatusAndTrailersAreTheServersOwn() {
        var headers = new Metadata();
        headers.put(GrpcPeer.ASKED, "question");
        var trailers = new AtomicReference<Metadata>();
        var intercepted = ClientInterceptors.intercept(
                channel,
                MetadataUtils.newAttachHeadersInterceptor(headers),
                MetadataUtils.newCaptureMetadataInterceptor(new AtomicReference<>(), trailers));
        assertThatThrownBy(() ->
                        ClientCalls.blockingUnaryCall(intercepted, GrpcPeer.FAIL, CallOptions.DEFAULT, new byte[] {9}))
                .isInstanceOfSatisfying(StatusRuntimeException.class, e -> {
                    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
                    assertThat(e.getStatus().getDescription()).isEqualTo("as told");
                });
        assertThat(trailers.get())
                .satisfies(seen -> assertThat(seen.get(GrpcPeer.TRAILER)).isEqualTo(bytes("question")));
    }

    @Test
    void aDeadlineEndsTheCallAtTheServerToo() {
        assertThatThrownBy(() -> ClientCalls.blockingUnaryCall(
                        channel,
                        GrpcPeer.HANG,
                        CallOptions.DEFAULT.withDeadlineAfter(200, TimeUnit.MILLISECONDS),
                        new byte[0]))
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED));
        Await.until(
                "the server's cancellation",
                Duration.ofSeconds(5),
                () -> peers.stream().mapToInt(peer -> peer.cancelled.get()).sum() == 1);
    }

    @Test
    void aStreamThatItsClientDropsEndsAtTheServerToo() {
        ClientCall<byte[], byte[]> call = channel.newCall(GrpcPeer.CHAT, CallOptions.DEFAULT);
        var answers = new Answers();
        ClientCalls.asyncBidiStreamingCall(call, answers).onNext(bytes("hello"));
        Await.until("the first answer", Duration.ofSeconds(5), () -> answers.size() == 1);
        call.cancel("enough", null);
        Await.until(
                "the server's cancellation",
                Duration.ofSeconds(5),
                () -> peers.stream().mapToInt(peer -> peer.cancelled.get()).sum() == 1);
    }

    @Test
    void anEndpointThatLeavesGetsNoNewCallAndFinishesItsOwn() throws InterruptedException {
        List<StreamObserver<byte[]>> chats = new ArrayList<>();
        List<Answers> answers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            var answer = new Answers();
            answers.add(answer);
            chats.add(ClientCalls.asyncBidiStreamingCall(channel.newCall(GrpcPeer.CHAT, CallOptions.DEFAULT), answer));
            chats.get(i).onNext(bytes("before"));
            Await.until("an answer", Duration.ofSeconds(5), () -> answer.size() == 1);
        }
        assertThat(peers).extracting(peer -> peer.calls.get()).containsExactly(1, 1, 1);
        proxy.directory()
                .put("greeter", List.of(peers.get(1).address(), peers.get(2).address()));
        Await.until("the first endpoint to be left", Duration.ofSeconds(5), () -> {
            int before = peers.get(0).calls.get();
            callNames(20);
            return peers.get(0).calls.get() == before;
        });
        for (int i = 0; i < 3; i++) {
            chats.get(i).onNext(bytes("after"));
            chats.get(i).onCompleted();
            assertThat(answers.get(i).await()).containsExactly("before", "after");
        }
    }

    @Test
    void aServerThatShutsDownInGoodOrderFailsNoCall() throws InterruptedException {
        var failures = new AtomicInteger();
        var done = new AtomicBoolean();
        var caller = new Thread(() -> {
            while (!done.get()) {
                try {
                    callNames(1);
                } catch (StatusRuntimeException e) {
                    failures.incrementAndGet();
                }
            }
        });
        caller.start();
        try {
            Await.until(
                    "traffic", Duration.ofSeconds(5), () -> peers.get(0).calls.get() > 50);
            peers.get(0).server().shutdown(); // Still listed: nobody told the proxy.
            int before = peers.get(1).calls.get();
            Await.until(
                    "more traffic",
                    Duration.ofSeconds(10),
                    () -> peers.get(1).calls.get() > before + 100);
        } finally {
            done.set(true);
            caller.join();
        }
        assertThat(failures).hasValue(0);
    }

    /** The leak check of this class is what judges it. */
    @Test
    void aClientThatLeavesInTheMiddleOfItsCallsLeavesNoBufferBehind() throws InterruptedException {
        for (int i = 0; i < 30; i++) {
            ManagedChannel leaving = NettyChannelBuilder.forAddress(proxy.address())
                    .overrideAuthority("greeter")
                    .usePlaintext()
                    .build();
            var caller = new Thread(() -> {
                try {
                    while (true) {
                        ClientCalls.blockingUnaryCall(leaving, GrpcPeer.ECHO, CallOptions.DEFAULT, new byte[5_000]);
                    }
                } catch (StatusRuntimeException e) {
                    // It has left.
                }
            });
            int before = calls();
            caller.start();
            Await.until("its calls", Duration.ofSeconds(10), () -> calls() > before + 3);
            leaving.shutdownNow();
            caller.join();
        }
        callNames(1);
    }

    private int calls() {
        return peers.stream().mapToInt(peer -> peer.calls.get()).sum();
    }

    private void callNames(int count) {
        for (int i = 0; i < count; i++) {
            ClientCalls.blockingUnaryCall(channel, GrpcPeer.NAME, CallOptions.DEFAULT, new byte[0]);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    /** Collects a streaming call's answers. */
    private static final class Answers implements StreamObserver<byte[]> {
        private final List<String> answers = new ArrayList<>();
        private final CountDownLatch done = new CountDownLatch(1);

        @Override
        public synchronized void onNext(byte[] value) {
            answers.add(new String(value, UTF_8));
        }

        @Override
        public void onError(Throwable t) {
            onNext(bytes(t.toString()));
            done.countDown();
        }

        @Override
        public void onCompleted() {
            done.countDown();
        }

        synchronized int size() {
            return answers.size();
        }

        List<String> await() throws InterruptedException {
            assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
            synchronized (this) {
                return List.copyOf(answers);
            }
        }
    }
}
