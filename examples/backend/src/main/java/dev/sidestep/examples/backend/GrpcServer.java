package dev.sidestep.examples.backend;

import dev.sidestep.examples.greeter.GreetReply;
import dev.sidestep.examples.greeter.GreetRequest;
import dev.sidestep.examples.greeter.GreeterGrpc;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The gRPC side: the greeter, under the same faults. */
@SuppressWarnings(
        "FutureReturnValueIgnored") // Of writes and closes: a connection that fails at them is closed, and that is all.
final class GrpcServer extends GreeterGrpc.GreeterImplBase {
    private static final Metadata.Key<String> USER_AGENT =
            Metadata.Key.of("user-agent", Metadata.ASCII_STRING_MARSHALLER);
    private static final Metadata.Key<String> ATTEMPT =
            Metadata.Key.of("x-sidestep-attempt", Metadata.ASCII_STRING_MARSHALLER);
    private static final Context.Key<InetSocketAddress> PEER = Context.key("peer");

    private final Backend.Config config;
    private final EventLoopGroup loops;
    private final Faults faults;
    private final AccessLog log;
    private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);

    GrpcServer(Backend.Config config, EventLoopGroup loops, Faults faults, AccessLog log) {
        this.config = config;
        this.loops = loops;
        this.faults = faults;
        this.log = log;
    }

    Server start() throws IOException {
        return NettyServerBuilder.forAddress(new InetSocketAddress(config.address(), config.grpcPort()))
                .channelFactory(RememberingServerSocket::new)
                .bossEventLoopGroup(loops)
                .workerEventLoopGroup(loops)
                .directExecutor() // The service never blocks.
                .addService(this)
                .intercept(new LoggingArrival())
                .build()
                .start();
    }

    @Override
    public void greet(GreetRequest request, StreamObserver<GreetReply> response) {
        Fault fault = faults.at("/" + GreeterGrpc.getGreetMethod().getFullMethodName());
        switch (fault.kind()) {
            case NONE, LATENCY -> answerLater(response, config.workMillis() + fault.delayMillis());
            case STATUS ->
                response.onError(
                        Status.UNAVAILABLE.withDescription("failing, as told").asRuntimeException());
            case HANG -> faults.hold(() -> answerLater(response, 0));
            case RESET -> resetPeer(PEER.get());
            case HALT -> Fault.halt();
        }
    }

    private void answerLater(StreamObserver<GreetReply> response, long millis) {
        loops.schedule(() -> answer(response), millis, TimeUnit.MILLISECONDS);
    }

    private void answer(StreamObserver<GreetReply> response) {
        try {
            response.onNext(GreetReply.newBuilder().setPod(config.pod()).build());
            response.onCompleted();
        } catch (StatusRuntimeException e) {
            log.say("grpc: the caller of a late answer is gone: " + e.getStatus());
        }
    }

    private void resetPeer(InetSocketAddress peer) {
        for (Channel each : connections) {
            if (peer.equals(each.remoteAddress())) {
                ((SocketChannel) each).config().setSoLinger(0);
                // Not by the pipeline: there gRPC says goodbye first, and waits for its streams to end.
                each.eventLoop().execute(() -> each.unsafe().close(each.unsafe().voidPromise()));
            }
        }
    }

    /** gRPC hands its connections to nobody, and only the socket itself can be reset. */
    private final class RememberingServerSocket extends NioServerSocketChannel {
        @Override
        protected int doReadMessages(List<Object> accepted) throws Exception {
            int count = super.doReadMessages(accepted);
            for (Object each : accepted) {
                connections.add((Channel) each);
            }
            return count;
        }
    }

    private final class LoggingArrival implements ServerInterceptor {
        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            var peer = (InetSocketAddress) call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
            String method = "/" + call.getMethodDescriptor().getFullMethodName();
            String attempt = headers.get(ATTEMPT);
            log.arrived(
                    method,
                    String.valueOf(headers.get(USER_AGENT)),
                    attempt == null ? "1" : attempt,
                    peer == null ? 0 : peer.getPort(),
                    faults.at(method));
            return Contexts.interceptCall(Context.current().withValue(PEER, peer), call, headers, next);
        }
    }
}
