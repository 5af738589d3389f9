package dev.sidestep.agent.boot;

import java.io.Closeable;
import java.lang.invoke.MethodHandles;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * What code woven into {@code java.net.http} calls. Written without lambdas and without string concatenation: the classes
 * of the boot loader that these need would all be loaded before {@code main}.
 */
public final class HttpClientHooks {
    private static final long MIN_TIMEOUT_NANOS = 1_000_000;

    private HttpClientHooks() {}

    /** At the end of a request's constructor: what goes into its unused {@code authority}. */
    public static @Nullable InetSocketAddress pin(@Nullable InetSocketAddress authority) {
        return authority == null && Bridge.balancer() != null ? new Pin() : authority;
    }

    /**
     * Before each attempt: picks its endpoint. Not in the request's constructor, which attempts share.
     *
     * @return whether it is not the first of its call
     */
    public static boolean attempt(
            @Nullable InetSocketAddress pin, URI uri, String method, @Nullable InetSocketAddress proxy) {
        if (!(pin instanceof Pin pinned)) {
            return false;
        }
        boolean again = pinned.begun;
        try {
            pinned.address = null;
            if (!again) {
                pinned.begun = true;
                pinned.call = proxy == null ? begin(uri, method) : null;
            }
            Call call = pinned.call;
            if (call != null) {
                pinned.address = call.attempt();
            }
        } catch (Throwable e) {
            pinned.call = null;
            pinned.address = null;
        }
        return again;
    }

    private static @Nullable Call begin(URI uri, String method) {
        Balancer balancer = Bridge.balancer();
        String host = uri.getHost();
        if (balancer == null || host == null) {
            return null;
        }
        int port = uri.getPort();
        if (port < 0) {
            String scheme = uri.getScheme();
            port = "https".equalsIgnoreCase(scheme) || "wss".equalsIgnoreCase(scheme) ? 443 : 80;
        }
        return balancer.call(host, port, method);
    }

    /** Before a request's address is resolved: the one to use instead, or null. */
    public static @Nullable InetSocketAddress address(@Nullable InetSocketAddress pin) {
        return pin instanceof Pin pinned ? pinned.address : null;
    }

    /** What a connection of HTTP/2 is pooled under instead of its host: two endpoints must not share one. */
    public static String poolKey(InetSocketAddress address) {
        return address instanceof EndpointAddress endpoint ? endpoint.poolKey() : address.getHostString();
    }

    /**
     * How long the application lets a call wait for its response, when the client sets its clock anew for another attempt:
     * what is left of it.
     */
    public static Optional<Duration> timeout(Optional<Duration> whole, @Nullable InetSocketAddress pin) {
        if (!(pin instanceof Pin pinned) || whole.isEmpty()) {
            return whole;
        }
        long now = System.nanoTime();
        if (pinned.deadlineNanos == 0) {
            pinned.deadlineNanos = now + whole.get().toNanos();
            return whole;
        }
        return pinned.call == null
                ? whole
                : Optional.of(Duration.ofNanos(Math.max(MIN_TIMEOUT_NANOS, pinned.deadlineNanos - now)));
    }

    /** Before a connection is made: how long that may take. */
    public static Optional<Duration> connectTimeout(Optional<Duration> own, @Nullable InetSocketAddress pin) {
        if (!(pin instanceof Pin pinned)) {
            return own;
        }
        try {
            Call call = pinned.call;
            long nanos = call == null || pinned.address == null ? 0 : call.connectTimeoutNanos();
            boolean ours = nanos > 0 && (own.isEmpty() || nanos < own.get().toNanos());
            pinned.connecting(ours);
            return ours ? Optional.of(Duration.ofNanos(nanos)) : own;
        } catch (Throwable e) {
            return own;
        }
    }

    /**
     * When that time is over: the client would end the whole call.
     *
     * @param connected what the connection completes; it fails as if the endpoint had refused
     * @param lookup of a class of the client
     * @return whether it is ours to deal with, and dealt with
     */
    @SuppressWarnings("rawtypes")
    public static boolean connectTimedOut(
            @Nullable InetSocketAddress pin,
            CompletableFuture connected,
            Closeable connection,
            Object exchange,
            MethodHandles.Lookup lookup) {
        if (!(pin instanceof Pin pinned) || !pinned.isConnectWatched()) {
            return false;
        }
        Call call = pinned.call;
        if (pinned.connectTimedOut()) {
            try {
                if (call != null) {
                    call.connectTimedOut();
                }
            } catch (Throwable e) {
                // It fails as one that was refused.
            }
            HttpAttempt.executor(exchange, lookup).execute(new ConnectTimeout(connected, connection));
        }
        return true;
    }

    /** When a connection stands, before anything is sent over it. */
    public static void connected(@Nullable InetSocketAddress pin) throws ConnectException {
        if (pin instanceof Pin pinned && !pinned.connected()) {
            throw new ConnectException(ConnectTimeout.MESSAGE);
        }
    }

    /**
     * When a response is here, before the client looks at it: whether it is to be dropped, and its request to be sent
     * again.
     *
     * @param before what the client's call has to show so far, which is not to change by that
     * @param attempts the client's count, which is limited and not for ours
     */
    public static boolean goesAgain(@Nullable InetSocketAddress pin, @Nullable Object before, AtomicInteger attempts) {
        try {
            if (pin instanceof Pin pinned && pinned.address != null && pinned.call != null && pinned.call.goesAgain()) {
                pinned.previousResponse = before;
                pinned.droppedResponse = true;
                attempts.decrementAndGet();
                return true;
            }
        } catch (Throwable e) {
            // As without Sidestep: the application gets it.
        }
        return false;
    }

    /** What the client's call has to show at its next attempt, where that is {@code latest} now. */
    public static @Nullable Object previousResponse(@Nullable InetSocketAddress pin, @Nullable Object latest) {
        if (!(pin instanceof Pin pinned) || !pinned.droppedResponse) {
            return latest;
        }
        Object previous = pinned.previousResponse;
        pinned.previousResponse = null;
        pinned.droppedResponse = false;
        return previous;
    }

    /**
     * After each attempt was begun: hears of its end.
     *
     * @param exchange the client's
     * @param lookup of a class of the client, whose response is not public
     * @return what to give to the caller instead of {@code response}: stages run in no order but by dependence, and the
     *     outcome has to be known before the client decides about another attempt
     */
    @SuppressWarnings({"rawtypes", "unchecked"}) // The response's type cannot be named here.
    public static CompletableFuture observe(
            CompletableFuture response, @Nullable InetSocketAddress pin, Object exchange, MethodHandles.Lookup lookup) {
        if (!(pin instanceof Pin pinned)) {
            return response;
        }
        Call call = pinned.call;
        if (call == null || (pinned.address == null && !call.observes())) {
            return response;
        }
        HttpAttempt attempt = new HttpAttempt(call, exchange, lookup);
        try {
            call.underWay(attempt);
        } catch (Throwable e) {
            return response; // It goes on; nobody hears how it ends.
        }
        return response.whenComplete(attempt);
    }

    /**
     * When an attempt failed and the client asks whether to make another.
     *
     * @param attempts the client's count, which is limited and not for ours
     */
    public static boolean retry(@Nullable InetSocketAddress pin, Throwable failure, AtomicInteger attempts) {
        try {
            Call call = pin instanceof Pin pinned ? pinned.call : null;
            if (call != null && call.retry(cause(failure))) {
                attempts.decrementAndGet();
                return true;
            }
            return false;
        } catch (Throwable e) {
            return false;
        }
    }

    /** When the call failed for good: the failed future that the application gets. */
    @SuppressWarnings({"rawtypes", "unchecked"})
    public static @Nullable CompletableFuture explain(
            @Nullable CompletableFuture failed, @Nullable InetSocketAddress pin) {
        Call call = pin instanceof Pin pinned ? pinned.call : null;
        if (call == null || failed == null || !failed.isCompletedExceptionally()) {
            return failed;
        }
        try {
            failed.getNow(null);
            return failed;
        } catch (CompletionException e) {
            return explained(failed, call, cause(e));
        } catch (Throwable e) {
            return failed;
        }
    }

    @SuppressWarnings("rawtypes")
    private static CompletableFuture explained(CompletableFuture failed, Call call, Throwable failure) {
        try {
            Throwable more = call.explain(failure);
            return more == failure ? failed : CompletableFuture.failedFuture(more);
        } catch (Throwable e) {
            return failed;
        }
    }

    static Throwable cause(Throwable failure) {
        Throwable cause = failure.getCause();
        boolean wrapper = failure instanceof CompletionException || failure instanceof ExecutionException;
        return wrapper && cause != null ? cause : failure;
    }

    /** Ends a connection that was not made in time. On the client's own threads, where the next attempt begins. */
    private static final class ConnectTimeout implements Runnable {
        static final String MESSAGE = "HTTP connect timed out"; // The client's own words.

        private final CompletableFuture<?> connected;
        private final Closeable connection;

        ConnectTimeout(CompletableFuture<?> connected, Closeable connection) {
            this.connected = connected;
            this.connection = connection;
        }

        @Override
        public void run() {
            connected.completeExceptionally(new ConnectException(MESSAGE));
            try {
                connection.close(); // Where a handshake of TLS was under way, it fails by that.
            } catch (Throwable e) {
                // Then it is closed.
            }
        }
    }
}
