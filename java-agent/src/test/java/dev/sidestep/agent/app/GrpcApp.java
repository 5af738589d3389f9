package dev.sidestep.agent.app;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Status;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** An application with one gRPC channel for each target: {@code target=greeter:80&count=9&policy=round_robin}. */
public final class GrpcApp {
    private final Map<String, ManagedChannel> channels = new ConcurrentHashMap<>();

    private final Load load = new Load();

    private GrpcApp() {}

    /** Runs until it is killed. */
    public static void main(String[] arguments) throws IOException {
        Remote.listen(new GrpcApp()::calls);
    }

    private List<String> calls(Map<String, String> query) {
        if (query.containsKey("stop")) {
            load.stop();
            return List.of("stopped");
        }
        String policy = query.getOrDefault("policy", "");
        String target = query.getOrDefault("target", "");
        ManagedChannel channel = channels.computeIfAbsent(target + policy, unknown -> channel(target, policy));
        String message = query.getOrDefault("message", "hello");
        if (query.containsKey("load")) {
            return load.run(
                    query,
                    () -> result(ClientCalls.futureUnaryCall(
                            channel.newCall(
                                    TextMarshaller.HELLO, CallOptions.DEFAULT.withDeadlineAfter(5, TimeUnit.SECONDS)),
                            message)));
        }
        boolean parallel = query.containsKey("how");
        List<Future<String>> calls = new ArrayList<>();
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < Integer.parseInt(query.getOrDefault("count", "1")); i++) {
            CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(
                    Long.parseLong(query.getOrDefault("timeout", "5000")), TimeUnit.MILLISECONDS);
            calls.add(ClientCalls.futureUnaryCall(channel.newCall(TextMarshaller.HELLO, options), message));
            if (!parallel) {
                lines.add(result(calls.remove(0)));
            }
        }
        calls.forEach(call -> lines.add(result(call)));
        return lines;
    }

    private static String result(Future<String> call) {
        try {
            return call.get();
        } catch (ExecutionException e) {
            Status status = Status.fromThrowable(e);
            return status.getCode() + " "
                    + String.valueOf(status.getDescription()).replace('\n', ' ');
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "interrupted";
        }
    }

    private static ManagedChannel channel(String target, String policy) {
        ManagedChannelBuilder<?> builder =
                ManagedChannelBuilder.forTarget(target).usePlaintext();
        if (policy.equals("noRetry")) {
            builder.disableRetry();
        } else if (policy.equals("config")) {
            builder.defaultServiceConfig(Map.of(
                    "methodConfig",
                    List.of(Map.of("name", List.of(Map.of("service", "demo.Greeter")), "waitForReady", false))));
        } else if (policy.equals("none")) {
            builder.disableServiceConfigLookUp();
        } else if (!policy.isEmpty()) {
            builder.defaultLoadBalancingPolicy(policy);
        }
        return builder.build();
    }
}
