package dev.sidestep.agent.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.Closeable;
import java.lang.invoke.MethodHandles;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the hooks do to a client when something of ours goes wrong: nothing. */
class HttpClientHooksTest {
    private static final URI CALLED = URI.create("http://backend/");
    private static final Optional<Duration> OWN = Optional.of(Duration.ofSeconds(7));

    private final AtomicInteger attempts = new AtomicInteger(1);
    private final CompletableFuture<Object> response = new CompletableFuture<>();

    @AfterEach
    void uninstall() {
        Bridge.install(null);
    }

    private static @Nullable InetSocketAddress pinFor(Balancer balancer) {
        Bridge.install(balancer);
        InetSocketAddress pin = HttpClientHooks.pin(null);
        HttpClientHooks.attempt(pin, CALLED, "GET", null);
        return pin;
    }

    private void assertAsWithout(@Nullable InetSocketAddress pin) {
        var failure = new ConnectException("refused");
        CompletableFuture<Object> failed = CompletableFuture.failedFuture(failure);
        assertThat(HttpClientHooks.connectTimeout(OWN, pin)).isEqualTo(OWN);
        Object observed = HttpClientHooks.observe(response, pin, this, MethodHandles.lookup());
        assertThat(observed).isSameAs(response);
        assertThat(HttpClientHooks.goesAgain(pin, null, attempts)).isFalse();
        assertThat(HttpClientHooks.previousResponse(pin, "latest")).isEqualTo("latest");
        assertThat(HttpClientHooks.retry(pin, failure, attempts)).isFalse();
        Object explained = HttpClientHooks.explain(failed, pin);
        assertThat(explained).isSameAs(failed);
        assertThat(attempts).hasValue(1);
    }

    @Test
    void whereNothingIsInstalledAllIsAsItWas() {
        assertThat(HttpClientHooks.pin(null)).isNull();
        assertAsWithout(null);
    }

    @Test
    void aBalancerThatThrowsLeavesTheCallAlone() {
        InetSocketAddress pin = pinFor(new Fixed(null));

        assertThat(HttpClientHooks.address(pin)).isNull();
        assertAsWithout(pin);
    }

    @Test
    void aCallThatThrowsLeavesTheClientAlone() throws Exception {
        InetSocketAddress pin = pinFor(new Fixed(new Broken()));

        assertThat(HttpClientHooks.address(pin)).isNotNull();
        assertAsWithout(pin);
    }

    @Test
    void anAttemptOfAnotherVersionsExchangeIsNotGivenUp() throws Exception {
        var attempt = new HttpAttempt(new Broken(), this, MethodHandles.lookup());

        attempt.giveUp(new ConnectException("no answer"), false);
        attempt.giveUp(new ConnectException("no answer"), true);
        attempt.run();
        attempt.accept("response", null);
    }

    @Test
    void whatIsLeftOfTheApplicationsTimeOutHoldsForTheNextAttempt() throws Exception {
        InetSocketAddress pin = pinFor(new Fixed(new Broken()));

        assertThat(HttpClientHooks.timeout(OWN, pin)).isEqualTo(OWN);
        assertThat(HttpClientHooks.timeout(OWN, pin).orElseThrow()).isLessThan(OWN.get());
        assertThat(HttpClientHooks.timeout(Optional.empty(), pin)).isEmpty();
    }

    @Test
    void nothingIsSentOverAConnectionThatTookTooLong() throws Exception {
        InetSocketAddress pin = pinFor(new Fixed(new Impatient()));
        CompletableFuture<Object> connected = new CompletableFuture<>();
        CompletableFuture<Object> closed = new CompletableFuture<>();
        Closeable connection = () -> closed.complete("closed");

        assertThat(HttpClientHooks.connectTimeout(OWN, pin)).contains(Duration.ofSeconds(1));
        assertThat(HttpClientHooks.connectTimedOut(pin, connected, connection, this, MethodHandles.lookup()))
                .isTrue();

        assertThat(closed.get(10, TimeUnit.SECONDS)).isEqualTo("closed");
        assertThat(connected).isCompletedExceptionally();
        assertThatThrownBy(() -> HttpClientHooks.connected(pin)).isInstanceOf(ConnectException.class);
    }

    @Test
    void aConnectionThatStandsIsNotEndedByItsTimer() throws Exception {
        InetSocketAddress pin = pinFor(new Fixed(new Impatient()));
        CompletableFuture<Object> connected = new CompletableFuture<>();
        HttpClientHooks.connectTimeout(OWN, pin);
        HttpClientHooks.connected(pin);

        assertThat(HttpClientHooks.connectTimedOut(pin, connected, () -> {}, this, MethodHandles.lookup()))
                .isTrue();
        assertThat(connected).isNotDone();
    }

    @Test
    void theApplicationsOwnTimeToConnectIsItsOwnWhereItIsShorter() throws Exception {
        InetSocketAddress pin = pinFor(new Fixed(new Impatient()));
        Optional<Duration> shorter = Optional.of(Duration.ofMillis(200));

        assertThat(HttpClientHooks.connectTimeout(shorter, pin)).isEqualTo(shorter);
        assertThat(HttpClientHooks.connectTimedOut(
                        pin, new CompletableFuture<>(), () -> {}, this, MethodHandles.lookup()))
                .isFalse();
        HttpClientHooks.connected(pin);
    }

    /** Balances every call by the same, or throws. */
    private record Fixed(@Nullable Call call) implements Balancer {
        @Override
        public Call call(String host, int port, String method) {
            if (call == null) {
                throw new IllegalStateException("broken");
            }
            return call;
        }

        @Override
        public @Nullable GrpcTarget grpc(String host, int port) {
            return null;
        }
    }

    private static class Broken implements Call {
        private final EndpointAddress address;

        Broken() throws Exception {
            address = new EndpointAddress(InetAddress.getByAddress("backend", new byte[] {127, 0, 0, 1}), 80);
        }

        @Override
        public EndpointAddress attempt() {
            return address;
        }

        @Override
        public void underWay(Attempt attempt) {
            throw new IllegalStateException("broken");
        }

        @Override
        public long connectTimeoutNanos() {
            throw new IllegalStateException("broken");
        }

        @Override
        public void responded(int status) {
            throw new IllegalStateException("broken");
        }

        @Override
        public void failed(Throwable failure) {
            throw new IllegalStateException("broken");
        }

        @Override
        public boolean goesAgain() {
            throw new IllegalStateException("broken");
        }

        @Override
        public boolean retry(Throwable failure) {
            throw new IllegalStateException("broken");
        }

        @Override
        public Throwable explain(Throwable failure) {
            throw new IllegalStateException("broken");
        }
    }

    private static final class Impatient extends Broken {
        Impatient() throws Exception {}

        @Override
        public long connectTimeoutNanos() {
            return TimeUnit.SECONDS.toNanos(1);
        }
    }
}
