package dev.sidestep.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.balancing.Outcome;
import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.security.cert.CertificateException;
import java.util.List;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;

class FailuresTest {
    @Test
    void onlyWhatNeverConnectedIsUnprocessed() {
        assertThat(Failures.outcome(new ConnectException())).isEqualTo(Outcome.CONNECT_FAILED);
        assertThat(Failures.outcome(new ConnectException("HTTP connect timed out")))
                .isEqualTo(Outcome.CONNECT_TIMEOUT);
        assertThat(Failures.outcome(new HttpConnectTimeoutException("x"))).isEqualTo(Outcome.CONNECT_TIMEOUT);
        assertThat(Failures.outcome(new SSLHandshakeException("closed"))).isEqualTo(Outcome.CONNECT_FAILED);
        assertThat(Failures.outcome(new HttpTimeoutException("x"))).isEqualTo(Outcome.TIMEOUT);
        assertThat(Failures.outcome(new IOException("HTTP/1.1 header parser received no bytes")))
                .isEqualTo(Outcome.RESET);
        assertThat(Failures.outcome(new SocketException("Connection reset"))).isEqualTo(Outcome.RESET);
    }

    @Test
    void whatTheApplicationDidSaysNothingOfAnEndpoint() {
        assertThat(Failures.outcome(new IllegalStateException("body"))).isEqualTo(Outcome.NEUTRAL);
        assertThat(Failures.outcome(new SSLHandshakeException("x").initCause(new CertificateException())))
                .isEqualTo(Outcome.NEUTRAL);
    }

    @Test
    void theTypeStaysAndTheTextIsFound() {
        for (Throwable failure : List.of(
                new IOException("a"),
                new EOFException("a"),
                new ConnectException(),
                new SocketException("a"),
                new HttpTimeoutException("a"),
                new HttpConnectTimeoutException("a"))) {
            Throwable more = Failures.withText(failure, "[why]");

            assertThat(more).isExactlyInstanceOf(failure.getClass()).hasCause(failure);
            assertThat(more.getMessage()).endsWith("[why]");
        }
        Throwable other = new ClosedChannelException();
        assertThat(Failures.withText(other, "[why]")).isSameAs(other);
        assertThat(other.getSuppressed()[0]).hasMessage("[why]");
    }
}
