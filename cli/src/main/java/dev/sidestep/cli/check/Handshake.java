package dev.sidestep.cli.check;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/** TLS as a client of the control plane does it. */
final class Handshake {
    private static final int TIMEOUT_MILLIS = 5000;

    private Handshake() {}

    /** The certificates that the server at {@code address} shows, its own first; nothing is verified. */
    static List<X509Certificate> shown(InetSocketAddress address, String host) throws IOException {
        try (SSLSocket socket = connect(address, host, new TrustsAll(), false)) {
            return Arrays.stream(socket.getSession().getPeerCertificates())
                    .map(X509Certificate.class::cast)
                    .toList();
        }
    }

    /** Why a client that trusts {@code anchors} would not trust the server to be {@code host}; empty: it would. */
    static Optional<String> distrust(InetSocketAddress address, String host, List<X509Certificate> anchors)
            throws IOException {
        try {
            connect(address, host, trusting(anchors), true).close();
            return Optional.empty();
        } catch (SSLPeerUnverifiedException | SSLHandshakeException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    private static SSLSocket connect(InetSocketAddress address, String host, TrustManager trust, boolean verified)
            throws IOException {
        var plain = new Socket();
        try {
            plain.connect(address, TIMEOUT_MILLIS);
            plain.setSoTimeout(TIMEOUT_MILLIS);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {trust}, null);
            var socket = (SSLSocket) context.getSocketFactory().createSocket(plain, host, address.getPort(), true);
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setApplicationProtocols(new String[] {"h2", "http/1.1"});
            if (verified) {
                parameters.setEndpointIdentificationAlgorithm("HTTPS");
            }
            socket.setSSLParameters(parameters);
            socket.startHandshake();
            return socket;
        } catch (GeneralSecurityException e) {
            plain.close();
            throw new SSLException("this Java has no TLS: " + e.getMessage(), e);
        } catch (SocketTimeoutException e) {
            plain.close();
            throw new IOException("no TLS handshake within " + TIMEOUT_MILLIS / 1000 + " s", e);
        } catch (IOException e) {
            plain.close();
            throw e;
        }
    }

    private static TrustManager trusting(List<X509Certificate> anchors) throws SSLException {
        try {
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            for (int i = 0; i < anchors.size(); i++) {
                store.setCertificateEntry("anchor-" + i, anchors.get(i));
            }
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(store);
            return factory.getTrustManagers()[0];
        } catch (GeneralSecurityException | IOException e) {
            throw new SSLException("the CA bundle cannot be used: " + e.getMessage(), e);
        }
    }

    /** To look at a certificate is not to trust it: nothing is sent to whoever showed it. */
    private static final class TrustsAll extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
