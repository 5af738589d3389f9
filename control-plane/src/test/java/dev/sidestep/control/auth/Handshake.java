package dev.sidestep.control.auth;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;

/** A whole TLS handshake in memory, between the JDK's own two ends, with the name checked as HTTPS does. */
final class Handshake {
    private static final int MOST_STEPS = 200;

    private Handshake() {}

    /**
     * The protocol agreed upon.
     *
     * @throws SSLException as the client sees it
     */
    static String of(X509ExtendedKeyManager server, String trusted, String host, String protocol)
            throws GeneralSecurityException, SSLException, java.io.IOException {
        SSLContext serverContext = SSLContext.getInstance("TLS");
        serverContext.init(new KeyManager[] {server}, null, null);
        SSLEngine serving = serverContext.createSSLEngine();
        serving.setUseClientMode(false);
        SSLContext clientContext = SSLContext.getInstance("TLS");
        clientContext.init(null, trust(trusted).getTrustManagers(), null);
        SSLEngine asking = clientContext.createSSLEngine(host, 443);
        asking.setUseClientMode(true);
        SSLParameters parameters = asking.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        parameters.setProtocols(new String[] {protocol});
        asking.setSSLParameters(parameters);

        ByteBuffer toServer = buffer();
        ByteBuffer toClient = buffer();
        asking.beginHandshake();
        serving.beginHandshake();
        for (int step = 0; step < MOST_STEPS; step++) {
            boolean asked = step(asking, toClient, toServer);
            boolean served = step(serving, toServer, toClient);
            if (!asked && !served && toServer.position() == 0 && toClient.position() == 0) {
                return asking.getSession().getProtocol();
            }
        }
        throw new AssertionError("no end of the handshake");
    }

    private static TrustManagerFactory trust(String pem) throws GeneralSecurityException, java.io.IOException {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        for (X509Certificate certificate : Pem.certificates(pem)) {
            store.setCertificateEntry(certificate.getSerialNumber().toString(), certificate);
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(store);
        return factory;
    }

    /** Whether it had something to do. */
    private static boolean step(SSLEngine engine, ByteBuffer in, ByteBuffer out) throws SSLException {
        boolean acted = false;
        for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
            task.run();
            acted = true;
        }
        if (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
            engine.wrap(ByteBuffer.allocate(0), out);
            return true;
        }
        if (in.position() > 0) {
            in.flip();
            engine.unwrap(in, buffer());
            in.compact();
            return true;
        }
        return acted;
    }

    private static ByteBuffer buffer() {
        return ByteBuffer.allocate(1 << 17);
    }
}
