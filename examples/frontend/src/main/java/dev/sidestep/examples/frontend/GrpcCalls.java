package dev.sidestep.examples.frontend;

import dev.sidestep.examples.greeter.GreetReply;
import dev.sidestep.examples.greeter.GreetRequest;
import dev.sidestep.examples.greeter.GreeterGrpc;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Calls of the greeter over one channel, as one is told to use it, at a steady rate. */
final class GrpcCalls {
    private static final int MAX_IN_FLIGHT = 100;

    private final Frontend.Config config;
    private final CallLog log;
    private final ManagedChannel channel;
    private final GreeterGrpc.GreeterStub greeter;
    private final Semaphore inFlight = new Semaphore(MAX_IN_FLIGHT);

    GrpcCalls(Frontend.Config config, CallLog log) {
        this.config = config;
        this.log = log;
        this.channel = ManagedChannelBuilder.forTarget(config.grpc())
                .usePlaintext()
                .userAgent(config.name())
                .build();
        this.greeter = GreeterGrpc.newStub(channel);
    }

    void work(Ticks ticks) throws InterruptedException {
        while (ticks.next() >= 0) {
            inFlight.acquire();
            call();
        }
        inFlight.acquire(MAX_IN_FLIGHT); // All have ended.
        channel.shutdown();
    }

    private void call() {
        long start = CallLog.now();
        greeter.withDeadlineAfter(config.timeout().toMillis(), TimeUnit.MILLISECONDS)
                .greet(GreetRequest.newBuilder().setName(config.name()).build(), new StreamObserver<>() {
                    private String pod = "-";

                    @Override
                    public void onNext(GreetReply reply) {
                        pod = reply.getPod();
                    }

                    @Override
                    public void onError(Throwable thrown) {
                        inFlight.release();
                        String trailers = thrown instanceof StatusRuntimeException e && e.getTrailers() != null
                                ? " " + e.getTrailers()
                                : "";
                        log.failed(start, "GRPC", pod, CallLog.text(thrown) + trailers);
                    }

                    @Override
                    public void onCompleted() {
                        inFlight.release();
                        log.answered(start, "GRPC", pod);
                    }
                });
    }
}
