package dev.sidestep.agent;

import dev.sidestep.balancing.Outcome;
import dev.sidestep.balancing.Reason;
import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.security.GeneralSecurityException;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;

/** Reads what {@code java.net.http} throws. */
final class Failures {
    private Failures() {}

    /** What an attempt that ended with {@code failure} says of its endpoint. */
    static Outcome outcome(Throwable failure) {
        String message =
                failure.getMessage() == null ? "" : failure.getMessage().toLowerCase(Locale.ROOT);
        if (failure instanceof HttpConnectTimeoutException || message.equals("http connect timed out")) {
            return Outcome.CONNECT_TIMEOUT;
        }
        if (failure instanceof HttpTimeoutException) {
            return Outcome.TIMEOUT;
        }
        if (failure instanceof ConnectException
                || failure instanceof NoRouteToHostException
                || failure instanceof UnresolvedAddressException) {
            return Outcome.CONNECT_FAILED;
        }
        if (failure instanceof SSLHandshakeException) {
            // A certificate that is refused is as wrong on every endpoint; a handshake that breaks off is the
            // endpoint's.
            return refusesCertificate(failure) ? Outcome.NEUTRAL : Outcome.CONNECT_FAILED;
        }
        if (failure instanceof CancellationException || message.equals("request cancelled")) {
            return Outcome.TIMEOUT; // The engine asks how long the caller waited: giving up at once says nothing.
        }
        return failure instanceof IOException ? Outcome.RESET : Outcome.NEUTRAL;
    }

    private static boolean refusesCertificate(Throwable failure) {
        for (Throwable cause = failure.getCause(); cause != null; cause = cause.getCause()) {
            if (cause instanceof GeneralSecurityException) {
                return true;
            }
        }
        return false;
    }

    /** Why the call failed; null where that is no matter of ours. */
    static @Nullable Reason reason(Outcome outcome) {
        return switch (outcome) {
            case CONNECT_FAILED -> Reason.CONNECT_FAILED;
            case CONNECT_TIMEOUT -> Reason.CONNECT_TIMEOUT;
            case RESET -> Reason.RESET_AFTER_SEND;

            // A caller who gives up knows why.
            case SUCCESS, SERVER_ERROR, TIMEOUT, NEUTRAL -> null;
        };
    }

    /**
     * {@code failure} with {@code text} in its message and itself as the cause. The type stays, since applications catch
     * by type; one that cannot be made again carries the text as a suppressed exception.
     */
    static Throwable withText(Throwable failure, String text) {
        String message = failure.getMessage() == null ? text : failure.getMessage() + " " + text;
        Class<?> type = failure.getClass();
        Throwable more;
        if (type == IOException.class) {
            more = new IOException(message);
        } else if (type == EOFException.class) {
            more = new EOFException(message);
        } else if (type == ConnectException.class) {
            more = new ConnectException(message);
        } else if (type == SocketException.class) {
            more = new SocketException(message);
        } else if (type == HttpTimeoutException.class) {
            more = new HttpTimeoutException(message);
        } else if (type == HttpConnectTimeoutException.class) {
            more = new HttpConnectTimeoutException(message);
        } else {
            failure.addSuppressed(new IOException(text));
            return failure;
        }
        more.initCause(failure);
        return more;
    }
}
