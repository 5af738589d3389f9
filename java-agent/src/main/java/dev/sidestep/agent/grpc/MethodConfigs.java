package dev.sidestep.agent.grpc;

import dev.sidestep.agent.boot.GrpcTarget.Retries;
import io.grpc.CallOptions;
import io.grpc.Status;
import java.lang.reflect.Constructor;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Puts retries into a call's options where gRPC itself puts what a service config says of a method. It does so after its
 * interceptors, so what the application's own service config says of the method wins; and where the application has turned
 * retries off, nobody reads it. Any thread.
 */
final class MethodConfigs {
    private static final String METHOD_INFO = "io.grpc.internal.ManagedChannelServiceConfig$MethodInfo";

    /** What gRPC limits a service config to, unless told otherwise. */
    private static final int MAX_ATTEMPTS = 5;

    private record Known(
            Retries retries,
            CallOptions.@Nullable Key<Object> key,
            @Nullable Object config) {}

    private volatile Known known = new Known(Retries.NONE, null, null);

    @SuppressWarnings("ReferenceEquality") // One and the same for the same policy.
    CallOptions apply(CallOptions options, Retries retries) {
        Known latest = known;
        if (latest.retries() != retries) {
            latest = make(retries);
            known = latest;
        }
        CallOptions.Key<Object> key = latest.key();
        Object config = latest.config();
        return key == null || config == null ? options : options.withOption(key, config);
    }

    @SuppressWarnings("unchecked") // Its type is not to be named here.
    private static Known make(Retries retries) {
        if (retries.codes().isEmpty()) {
            return new Known(retries, null, null);
        }
        try {
            Class<?> type = Class.forName(METHOD_INFO, true, CallOptions.class.getClassLoader());
            var field = type.getDeclaredField("KEY");
            field.setAccessible(true);
            Constructor<?> constructor = type.getDeclaredConstructor(Map.class, boolean.class, int.class, int.class);
            constructor.setAccessible(true);
            Object config = constructor.newInstance(
                    Map.of("retryPolicy", retryPolicy(retries)), true, MAX_ATTEMPTS, MAX_ATTEMPTS);
            return new Known(retries, (CallOptions.Key<Object>) field.get(null), config);
        } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
            return new Known(retries, null, null); // Another version's: calls are not tried again.
        }
    }

    /** As in a service config; the next endpoint need not be spared, so there is hardly a pause. */
    private static Map<String, ?> retryPolicy(Retries retries) {
        List<String> codes = retries.codes().stream()
                .map(code -> Status.fromCodeValue(code).getCode().name())
                .toList();
        return Map.of(
                "maxAttempts",
                (double) retries.attempts(),
                "initialBackoff",
                "0.001s",
                "maxBackoff",
                "0.05s",
                "backoffMultiplier",
                5.0,
                "retryableStatusCodes",
                codes);
    }
}
