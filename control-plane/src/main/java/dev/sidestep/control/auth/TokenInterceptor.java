package dev.sidestep.control.auth;

import dev.sidestep.concurrent.SerialExecutor;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Optional;
import java.util.function.DoubleSupplier;

/**
 * Lets a call through when its token says whose it is, and ends it when the token does. Handlers find who calls in {@link
 * Caller#KEY}. Everything that happens to a call is a task of {@code owner}, the handlers' own; nothing waits.
 */
final class TokenInterceptor implements ServerInterceptor {
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    private static final String BEARER = "bearer ";

    /** Streams of pods that started together do not end together. */
    static final Duration JITTER = Duration.ofSeconds(60);

    private final SerialExecutor owner;
    private final InstantSource clock;
    private final DoubleSupplier random;
    private final Authenticator authenticator;
    private final Refusals refusals;

    /** @param random from 0 to below 1 */
    TokenInterceptor(
            SerialExecutor owner,
            InstantSource clock,
            DoubleSupplier random,
            Authenticator authenticator,
            Refusals refusals) {
        this.owner = owner;
        this.clock = clock;
        this.random = random;
        this.authenticator = authenticator;
        this.refusals = refusals;
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        SocketAddress remote = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
        String peer = remote instanceof InetSocketAddress inet && inet.getAddress() != null
                ? inet.getAddress().getHostAddress()
                : String.valueOf(remote);
        String token = bearer(headers);
        headers.discardAll(AUTHORIZATION); // Nobody behind this needs it.
        var pending = new DeferredListener<Q>(owner);
        var once = new EndedOnceCall<>(call);
        Context context = Context.current();
        owner.execute(() -> authenticator.identify(token, peer, verdict -> {
            if (pending.isOver()) {
                return; // The client did not wait.
            }
            if (verdict instanceof Verdict.Accepted accepted) {
                Caller caller = accepted.caller();
                pending.begin(
                        Contexts.interceptCall(context.withValue(Caller.KEY, caller), once, headers, next),
                        endWithToken(once, caller));
            } else if (verdict instanceof Verdict.Refused refused) {
                refusals.add(refused.reason(), peer, refused.explanation());
                once.close(Status.UNAUTHENTICATED.withDescription(refused.explanation()), new Metadata());
            } else if (verdict instanceof Verdict.Unknown unknown) {
                refusals.add(unknown.reason(), peer, unknown.explanation());
                once.close(Status.UNAVAILABLE.withDescription(unknown.explanation()), new Metadata());
            }
        }));
        return pending;
    }

    private static String bearer(Metadata headers) {
        String value = headers.get(AUTHORIZATION);
        return value != null && value.toLowerCase(Locale.ROOT).startsWith(BEARER)
                ? value.substring(BEARER.length()).strip()
                : "";
    }

    private SerialExecutor.Cancellable endWithToken(EndedOnceCall<?, ?> call, Caller caller) {
        Optional<Instant> expiry = caller.expiry();
        if (expiry.isEmpty()) {
            return () -> {}; // Its connection's age ends it.
        }
        Duration left = Duration.between(clock.instant(), expiry.get());
        Duration jitter = Duration.ofMillis((long) (JITTER.toMillis() * random.getAsDouble()));
        return owner.schedule(
                left.plus(jitter),
                () -> call.close(
                        Status.UNAVAILABLE.withDescription("the token has expired; come back with the new one"),
                        new Metadata()));
    }
}
