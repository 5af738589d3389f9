package dev.sidestep.control.auth;

import java.util.function.Consumer;
import javax.net.ssl.X509ExtendedKeyManager;

/** What this process proves itself with on its TLS ports, and what those who connect have to trust. Any thread. */
public interface ServerIdentity {
    /**
     * Shows the newest certificate at each handshake, none while there is none yet; it stays the same object for ever, so
     * that a listener takes it once.
     */
    X509ExtendedKeyManager keyManager();

    /** The CA certificates that clients have to trust, in PEM, or "" while there are none yet. */
    String bundle();

    /** Tells {@code listener} the bundle now, if there is one, and after each change of it; one call at a time. */
    void listen(Consumer<String> listener);
}
